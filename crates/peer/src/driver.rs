//! The task that owns the sockets of one connection and drives it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::lookup_host;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::candidate::IceCandidate;
use crate::config::{IcePolicy, IceServer, PeerConfig};
use crate::connection::{Connection, Poll};
use crate::event::{FailCause, PeerEvent};
use crate::interfaces;
use crate::mdns;
use crate::media::{OutgoingAudio, OutgoingVideo};
use crate::relay::{RelayNews, Relays};
use crate::sockets::Sockets;

/// The largest packet that is read.
const MAX_PACKET: usize = 2048;
/// How many packets are read before commands get their turn.
const BATCH: usize = 64;

/// What the handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    CreateOffer,
    ApplyOffer(String),
    CreateAnswer,
    ApplyAnswer(String),
    Renegotiate { video: bool, restart_ice: bool },
    SetIceServers(Vec<IceServer>),
    AddCandidates(Vec<IceCandidate>),
    SendVideo(OutgoingVideo),
    SendAudio(OutgoingAudio),
    RequestKeyFrame,
    Close,
}

/// Runs until the connection is closed or its handle is gone.
pub(crate) async fn drive(
    config: PeerConfig,
    mut commands: UnboundedReceiver<Command>,
    events: UnboundedSender<PeerEvent>,
) {
    let (loopback, policy) = (config.loopback, config.policy);
    let mut sockets = Sockets::default();
    sockets.bind(&interfaces::addresses(loopback, policy));
    let mut relays = Relays::new(&config.ice_servers, config.tls.clone());
    let mut known_servers = Vec::new();
    let (servers, mut resolved) = unbounded_channel();
    // Ends with this function.
    let mut lookups = resolve(&config, &servers);
    drop(servers);
    let mut connection = Connection::new(config, Instant::now());
    sockets
        .addresses()
        .for_each(|address| connection.add_host(address));
    if sockets.addresses().next().is_none() {
        let _ = events.send(PeerEvent::Failed(FailCause::NoSockets));
        let _ = events.send(PeerEvent::Closed);
        return;
    }

    let (namings, mut named) = unbounded_channel();
    let mut resolving = true;
    let mut settled = false;
    let mut packet = [0; MAX_PACKET];
    while let Some(wake) = carry_out(&mut connection, &sockets, &relays, &events) {
        for candidate in connection.take_named() {
            let namings = namings.clone();
            lookups.spawn(async move {
                let Some(name) = candidate.local_name() else {
                    return;
                };
                if let Some(address) = mdns::resolve(name).await {
                    let _ = namings.send(candidate.resolved(name, address));
                }
            });
        }
        tokio::select! {
            command = commands.recv() => {
                let closing = matches!(command, None | Some(Command::Close));
                let mut next = Some(command.unwrap_or(Command::Close));
                // What else is waiting goes along in the same round.
                while let Some(command) = next {
                    if let Command::Renegotiate { restart_ice: true, .. } = command {
                        let new = sockets.bind(&interfaces::addresses(loopback, policy));
                        offer_addresses(&mut connection, &new, &known_servers);
                        relays.restart();
                    }
                    if let Command::SetIceServers(servers) = &command {
                        relays.set_servers(servers);
                    }
                    execute(&mut connection, command);
                    next = if closing { None } else { commands.try_recv().ok() };
                }
            }
            () = poll_fn(|cx| sockets.poll_readable(cx)) => {
                for _ in 0..BATCH {
                    let Some((destination, source, length)) = sockets.receive(&mut packet) else { break };
                    connection.receive(Instant::now(), source, destination, &packet[..length]);
                    if carry_out(&mut connection, &sockets, &relays, &events).is_none() {
                        break;
                    }
                }
            }
            server = resolved.recv(), if resolving => match server {
                Some(server) => {
                    known_servers.push(server);
                    let now = Instant::now();
                    sockets.addresses().for_each(|from| connection.discover(now, from, server));
                }
                None => {
                    resolving = false;
                    if settled {
                        connection.all_servers_known();
                    }
                }
            },
            Some(candidate) = named.recv() => {
                connection.add_candidates([candidate]);
                connection.handle_timeout(Instant::now());
            }
            news = relays.next() => match news {
                RelayNews::Allocated { relayed, local, transport } => {
                    connection.add_relayed(relayed, local, transport);
                    connection.handle_timeout(Instant::now());
                }
                RelayNews::Data { relayed, peer, data } => {
                    connection.receive(Instant::now(), peer, relayed, &data);
                }
                RelayNews::Settled => {
                    settled = true;
                    if !resolving {
                        connection.all_servers_known();
                    }
                }
            },
            () = sleep_until(wake.into()) => connection.handle_timeout(Instant::now()),
        }
    }
    lookups.abort_all();
}

/// Makes candidates of addresses that the machine got meanwhile.
fn offer_addresses(connection: &mut Connection, new: &[SocketAddr], servers: &[SocketAddr]) {
    let now = Instant::now();
    for address in new {
        connection.add_host(*address);
        for server in servers {
            connection.discover(now, *address, *server);
        }
    }
}

fn execute(connection: &mut Connection, command: Command) {
    let now = Instant::now();
    match command {
        Command::CreateOffer => connection.create_offer(),
        Command::ApplyOffer(sdp) => connection.apply_offer(&sdp),
        Command::CreateAnswer => connection.create_answer(now),
        Command::ApplyAnswer(sdp) => connection.apply_answer(now, &sdp),
        Command::Renegotiate { video, restart_ice } => connection.renegotiate(video, restart_ice),
        Command::SetIceServers(_) => {}
        Command::AddCandidates(candidates) => connection.add_candidates(candidates),
        Command::SendVideo(frame) => connection.send_video(now, frame),
        Command::SendAudio(packet) => connection.send_audio(packet),
        Command::RequestKeyFrame => connection.request_key_frame(now),
        Command::Close => connection.close(),
    }
    // The engine sends what it was given only after it learned the time.
    connection.handle_timeout(now);
}

/// Sends and tells what the connection wants; the time to come back, `None`
/// at its end.
fn carry_out(
    connection: &mut Connection,
    sockets: &Sockets,
    relays: &Relays,
    events: &UnboundedSender<PeerEvent>,
) -> Option<Instant> {
    loop {
        match connection.poll(Instant::now()) {
            Poll::Transmit {
                source,
                destination,
                contents,
            } => {
                if !relays.send(source, destination, &contents) {
                    sockets.send(source, destination, &contents);
                }
            }
            Poll::Event(event) => {
                let last = matches!(event, PeerEvent::Closed);
                let heard = events.send(event).is_ok();
                if !heard && !last {
                    connection.close();
                }
            }
            Poll::Timeout(wake) => return wake,
        }
    }
}

/// Looks the STUN servers' names up; the channel closes when all are known. Who is not to be seen by
/// others asks none: what they answer could not be used.
fn resolve(config: &PeerConfig, servers: &UnboundedSender<SocketAddr>) -> JoinSet<()> {
    let mut lookups = JoinSet::new();
    if config.policy == IcePolicy::Relay {
        return lookups;
    }
    for (host, port) in config.ice_servers.iter().flat_map(IceServer::stun_hosts) {
        let (host, servers) = (host.to_owned(), servers.clone());
        lookups.spawn(async move {
            match lookup_host((host.as_str(), port)).await {
                Ok(addresses) => addresses.for_each(|address| {
                    let _ = servers.send(address);
                }),
                Err(error) => tracing::debug!(%error, "a STUN server's name is unknown"),
            }
        });
    }
    lookups
}
