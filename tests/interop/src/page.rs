//! Hosts the test page, hears its reports and gives it orders.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The page and its script, as files of this package.
const HTML: &str = include_str!("../page/index.html");
const SCRIPT: &str = include_str!("../page/client.js");
/// A 720p picture as RGBA is 3.7 MB.
const MAX_BODY: usize = 16 << 20;

/// What a page tells.
#[derive(Debug)]
pub enum Report {
    /// Something happened.
    Event(Value),
    /// A received picture, RGBA.
    Picture {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Four bytes a pixel.
        rgba: Bytes,
    },
    /// Received sound, 48 kHz.
    Sound(Vec<i16>),
}

#[derive(Clone)]
struct Shared {
    reports: UnboundedSender<Report>,
    orders: Arc<Mutex<BTreeMap<String, broadcast::Sender<String>>>>,
}

/// The host.
pub struct PageHost {
    /// Its address.
    pub url: String,
    /// What pages report.
    pub reports: UnboundedReceiver<Report>,
    shared: Shared,
}

impl PageHost {
    /// Serves the page on a free port.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn open() -> Self {
        let (sender, reports) = unbounded_channel();
        let shared = Shared {
            reports: sender,
            orders: Arc::default(),
        };
        let app = Router::new()
            .route("/", get(async || Html(HTML)))
            .route(
                "/client.js",
                get(async || ([("content-type", "text/javascript")], SCRIPT)),
            )
            .route("/event", post(event))
            .route("/picture", post(picture))
            .route("/sound", post(sound))
            .route("/orders/{name}", get(orders))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url,
            reports,
            shared,
        }
    }

    /// The page's address with its task.
    pub fn address(&self, task: &Value) -> String {
        let encoded: String = task
            .to_string()
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        format!("{}#{encoded}", self.url)
    }

    /// Tells a page what to do.
    pub fn order(&self, page: &str, what: &str) {
        // A page that is gone is found out by what it does not report.
        let _ = channel(&self.shared, page).send(what.to_owned());
    }

    /// Waits for an event of a page; everything before it goes to `others`.
    ///
    /// # Panics
    /// When a page reports an error, which ends its part.
    pub async fn until(&mut self, page: &str, wanted: &str, others: &mut Vec<Report>) -> Value {
        loop {
            let report = self.reports.recv().await.expect("the host lives");
            if let Report::Event(event) = &report {
                assert_ne!(event["event"], "error", "the page failed: {event}");
                if event["page"] == page && event["event"] == wanted {
                    return event.clone();
                }
            }
            others.push(report);
        }
    }
}

fn channel(shared: &Shared, page: &str) -> broadcast::Sender<String> {
    let mut orders = shared.orders.lock().unwrap_or_else(PoisonError::into_inner);
    orders
        .entry(page.to_owned())
        .or_insert_with(|| broadcast::channel(8).0)
        .clone()
}

async fn event(State(shared): State<Shared>, body: Bytes) {
    if let Ok(event) = serde_json::from_slice(&body) {
        let _ = shared.reports.send(Report::Event(event));
    }
}

async fn picture(
    State(shared): State<Shared>,
    Query(size): Query<BTreeMap<String, u32>>,
    rgba: Bytes,
) {
    let report = Report::Picture {
        width: size["width"],
        height: size["height"],
        rgba,
    };
    let _ = shared.reports.send(report);
}

async fn sound(State(shared): State<Shared>, body: Bytes) {
    let samples = body.chunks_exact(4).map(|bytes| {
        let sample = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        (sample.clamp(-1.0, 1.0) * 32767.0) as i16
    });
    let _ = shared.reports.send(Report::Sound(samples.collect()));
}

async fn orders(State(shared): State<Shared>, Path(page): Path<String>) -> impl IntoResponse {
    let mut orders = channel(&shared, &page).subscribe();
    let _ = shared.reports.send(Report::Event(
        serde_json::json!({ "page": page, "event": "listening" }),
    ));
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok(order) = orders.recv().await {
            if sender.send(order).is_err() {
                return;
            }
        }
    });
    Sse::new(Orders(receiver))
}

struct Orders(UnboundedReceiver<String>);

impl futures_util::Stream for Orders {
    type Item = Result<Event, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|order| order.map(|order| Ok(Event::default().data(order))))
    }
}
