//! What a server says once it can be reached.

use serde::Serialize;

use crate::listen::Listeners;

/// Where a server can be reached: one line of JSON for scripts. What is off
/// is left out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Address of REST and pages, without encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// Address of REST and pages, encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// Address of chat, without encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws: Option<String>,
    /// Address of chat, encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wss: Option<String>,
    /// Address and port of chat over TCP, encrypted on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xmpp: Option<String>,
    /// Address and port of chat over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xmpps: Option<String>,
    /// Address and port of STUN and TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// Address of numbers, health and the admin interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
    /// The domain of chat addresses.
    pub domain: String,
}

impl Ready {
    pub(crate) fn new(listeners: &Listeners, domain: String) -> Self {
        let [http, https, xmpp, xmpps, desk, admin] = [
            &listeners.http,
            &listeners.https,
            &listeners.xmpp,
            &listeners.xmpps,
            &listeners.desk,
            &listeners.admin,
        ]
        .map(|bound| bound.as_ref().map(|bound| bound.address));
        let relay = listeners.relay.as_ref().map(|relay| relay.address);
        let outside = admin.map(|address| format!("https://{address}"));

        Self {
            ready: true,
            http: http.map(|address| format!("http://{address}")),
            https: https.map(|address| format!("https://{address}")),
            ws: http.map(|address| format!("ws://{address}/ws")),
            wss: https.map(|address| format!("wss://{address}/ws")),
            xmpp: xmpp.map(|address| address.to_string()),
            xmpps: xmpps.map(|address| address.to_string()),
            relay: relay.map(|address| address.to_string()),
            admin: outside.or(desk.map(|address| format!("http://{address}"))),
            domain,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::ServerConfig;

    #[tokio::test]
    async fn what_is_off_is_left_out() {
        let any = Some("127.0.0.1:0".parse().unwrap());
        let config = ServerConfig {
            http: any,
            xmpp: any,
            relay: any,
            ..ServerConfig::default()
        };
        let listeners = Listeners::bind(&config).await.unwrap();
        let [http, xmpp] =
            [&listeners.http, &listeners.xmpp].map(|bound| bound.as_ref().unwrap().address);
        let relay = listeners.relay.as_ref().unwrap().address;
        let ready = Ready::new(&listeners, "localhost".to_owned());
        assert_eq!(
            serde_json::to_string(&ready).unwrap(),
            format!(
                r#"{{"ready":true,"http":"http://{http}","ws":"ws://{http}/ws","xmpp":"{xmpp}","relay":"{relay}","domain":"localhost"}}"#
            )
        );
    }
}
