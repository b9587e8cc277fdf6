//! HTTP requests, by the pattern of their path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use tracing::Instrument;

use super::registered;

/// The route of what is none.
const NO_ROUTE: &str = "none";

/// Upper bounds of the duration of a request, in seconds.
const DURATIONS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Requests since the start. All clones count together.
#[derive(Clone, Debug)]
pub(crate) struct RequestCounts {
    answered: IntCounterVec,
    durations: HistogramVec,
    /// The next request's, for the log.
    numbers: Arc<AtomicU64>,
}

impl RequestCounts {
    pub(super) fn new(registry: &Registry) -> Self {
        let answered = IntCounterVec::new(
            Opts::new("visavis_http_requests_total", "HTTP requests answered."),
            &["route", "status"],
        );
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "visavis_http_request_duration_seconds",
                "Time from the head of an HTTP request to the head of its answer.",
            )
            .buckets(DURATIONS.to_vec()),
            &["route"],
        );
        Self {
            answered: registered(registry, answered),
            durations: registered(registry, durations),
            numbers: Arc::default(),
        }
    }
}

/// Counts a request and lets it through.
pub(crate) async fn count(
    State(counts): State<RequestCounts>,
    request: Request,
    next: Next,
) -> Response {
    let pattern = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let start = Instant::now();
    let number = counts.numbers.fetch_add(1, Ordering::Relaxed);
    let span = tracing::info_span!("request", id = number);
    let response = next.run(request).instrument(span.clone()).await;
    let duration = start.elapsed();
    let route = pattern.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let status = response.status();
    counts
        .answered
        .with_label_values(&[route, class(status)])
        .inc();
    counts
        .durations
        .with_label_values(&[route])
        .observe(duration.as_secs_f64());
    span.in_scope(|| {
        tracing::debug!(%method, route, status = status.as_u16(), ?duration, "answered");
    });
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
