run_as_root = true
daemonize = false
pidfile = "FOLDER/pid"
data_path = "FOLDER/data"
certificates = "FOLDER"
log = { error = "FOLDER/log" }
interfaces = { "127.0.0.1" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "carbons", "websocket", "http", "ping" }
modules_disabled = { "s2s", "offline" }
authentication = "internal_plain"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
consider_websocket_secure = true
limits = {}
c2s_ports = { TCP }
c2s_direct_tls_ports = { TLS }
http_ports = { WS }
https_ports = { WSS }
http_default_host = "localhost"
http_paths = { websocket = "/ws" }
ssl = { certificate = "CERTIFICATE", key = "KEY" }
VirtualHost "localhost"
