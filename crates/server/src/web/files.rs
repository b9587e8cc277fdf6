//! The files of the page, as they are in the binary.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// One file.
#[derive(Debug)]
pub(super) struct File {
    /// Where it is, with a slash in front.
    pub(super) path: &'static str,
    media_type: &'static str,
    /// Another where the content is another.
    version: &'static str,
    plain: &'static [u8],
    /// The same by gzip (RFC 1952).
    compressed: &'static [u8],
}

/// All of them, by path.
pub(super) static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Browsers ask every time whether they still have the right one: a page is
/// never put together from files of two releases.
const CACHING: HeaderValue = HeaderValue::from_static("no-cache");

/// The file at a path.
pub(super) fn at(path: &str) -> Option<&'static File> {
    let found = FILES.binary_search_by_key(&path, |file| file.path);
    found.ok().map(|index| &FILES[index])
}

impl File {
    /// Answers a request for it (RFC 9110 sections 12.5.3 and 13.1.2).
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        // The same for both forms, which mean the same.
        let tag = format!("W/\"{}\"", self.version);
        let known = names(request, header::IF_NONE_MATCH).any(|known| known == tag || known == "*");
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else if takes_gzip(request) {
            ([(header::CONTENT_ENCODING, "gzip")], self.compressed).into_response()
        } else {
            self.plain.into_response()
        };
        let headers = response.headers_mut();
        if !known {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.media_type),
            );
        }
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, CACHING);
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

/// The elements of a header that is a list.
fn names(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    names(headers, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let refused = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (accepted, taken) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=0.01", true),
            ("identity", false),
            ("", false),
        ] {
            let headers = headers(header::ACCEPT_ENCODING, accepted);
            assert_eq!(takes_gzip(&headers), taken, "{accepted}");
        }
    }

    #[test]
    fn who_has_a_file_is_not_sent_it_again() {
        let file = File {
            path: "/a.js",
            media_type: "text/javascript",
            version: "1-2",
            plain: b"plain",
            compressed: b"packed",
        };
        for (known, status) in [
            ("W/\"1-2\"", StatusCode::NOT_MODIFIED),
            ("\"x\", W/\"1-2\"", StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            ("W/\"1-3\"", StatusCode::OK),
        ] {
            let answer = file.answer(&headers(header::IF_NONE_MATCH, known));
            assert_eq!(answer.status(), status, "{known}");
            assert_eq!(answer.headers()[header::ETAG], "W/\"1-2\"");
        }
    }

    #[test]
    fn every_file_is_found_at_its_path() {
        assert!(FILES.is_sorted_by_key(|file| file.path));
        for file in FILES {
            assert!(std::ptr::eq(at(file.path).unwrap(), file));
        }
        assert!(at("/nothing.js").is_none());
    }
}
