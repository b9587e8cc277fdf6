//! What the server's end does about wrong input, step by step.

use crate::common::{
    AUTH, BIND, CLOSE, OPEN, Progress, element, give, say, server, server_at, server_config,
};
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Input, MAX_WAITING_FRAMES, Output, ServerStream};
use visavis_xmpp::stanza::StanzaError;
use visavis_xmpp::xml::Limits;
use visavis_xmpp::{Jid, StreamError, ns};

/// The stream ends with this error; the client hears it within a stream.
#[track_caller]
fn assert_ends(server: &mut ServerStream, input: Input, error: StreamError) {
    let outputs = give(server, input);
    let end = [
        Output::Send(error.to_xml()),
        Output::Send(CLOSE.to_owned()),
        Output::Close,
    ];
    assert!(outputs.ends_with(&end), "{error}: {outputs:#?}");
    assert!(server.is_closed());
    assert_eq!(give(server, Input::Frame(OPEN.to_owned())), []);
}

#[track_caller]
fn assert_frame_ends(progress: Progress, frame: &str, error: StreamError) {
    assert_ends(
        &mut server_at(progress),
        Input::Frame(frame.to_owned()),
        error,
    );
}

#[track_caller]
fn assert_refused(progress: Progress, frame: &str, error: StanzaError) {
    let sent = say(&mut server_at(progress), frame);
    let [reply] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    let reply = element(reply);
    assert_eq!(
        (reply.attribute("type"), StanzaError::read(&reply)),
        (Some("error"), error)
    );
}

#[test]
fn bad_openings() {
    let open = |attributes: &str| format!("<open {attributes} xmlns='{}'/>", ns::FRAMING);
    for (frame, error) in [
        ("<open", StreamError::NotWellFormed),
        ("no xml", StreamError::NotWellFormed),
        ("<!DOCTYPE x><x/>", StreamError::RestrictedXml),
        ("<x><!-- --></x>", StreamError::RestrictedXml),
        ("<x/>", StreamError::BadFormat),
        (
            "<open to='chat.qb.test' version='1.0'/>",
            StreamError::InvalidNamespace,
        ),
        (
            "<s:stream xmlns:s='http://etherx.jabber.org/streams'/>",
            StreamError::InvalidNamespace,
        ),
        ("<message/>", StreamError::NotAuthorized),
        (
            &open("to='other.test' version='1.0'"),
            StreamError::HostUnknown,
        ),
        (&open("version='1.0'"), StreamError::HostUnknown),
        (&open("to='chat.qb.test'"), StreamError::UnsupportedVersion),
        (
            &open("to='chat.qb.test' version='0.9'"),
            StreamError::UnsupportedVersion,
        ),
    ] {
        for progress in [Progress::Nothing, Progress::Authenticated] {
            let mut server = server_at(progress);
            let sent = say(&mut server, frame);
            assert!(sent[0].starts_with("<open "), "{frame}: {sent:?}");
            assert_eq!(sent[1..], [error.to_xml(), CLOSE.to_owned()], "{frame}");
        }
    }
    let long = open(&format!("to='{}' version='1.0'", "x".repeat(20_000)));
    assert_frame_ends(Progress::Nothing, &long, StreamError::PolicyViolation);
}

#[test]
fn nothing_but_authentication_before_it_and_nothing_but_binding_after_it() {
    for progress in [Progress::Opened, Progress::Reopened] {
        for frame in [
            "<message/>",
            "<presence/>",
            "<iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        ] {
            assert_frame_ends(progress, frame, StreamError::NotAuthorized);
        }
        assert_frame_ends(progress, OPEN, StreamError::PolicyViolation);
        assert_frame_ends(progress, "<a><b></a>", StreamError::NotWellFormed);
    }
    assert_frame_ends(Progress::Opened, BIND, StreamError::NotAuthorized);
    assert_frame_ends(
        Progress::Reopened,
        &BIND.replace("set", "get"),
        StreamError::NotAuthorized,
    );
    assert_frame_ends(Progress::Reopened, AUTH, StreamError::InvalidNamespace);
}

#[test]
fn failed_authentication_may_be_repeated_three_times() {
    let auth = |mechanism: &str, text: &str| {
        format!(
            "<auth xmlns='{}' mechanism='{mechanism}'>{text}</auth>",
            ns::SASL
        )
    };
    let tries = [
        (auth("SCRAM-SHA-1", "biws"), SaslFailure::InvalidMechanism),
        (auth("PLAIN", "*"), SaslFailure::IncorrectEncoding),
        (auth("PLAIN", "AGEA"), SaslFailure::MalformedRequest),
        // On behalf of somebody else: "x" NUL "a" NUL "b".
        (auth("PLAIN", "eABhAGI="), SaslFailure::InvalidAuthzid),
        (
            format!("<abort xmlns='{}'/>", ns::SASL),
            SaslFailure::Aborted,
        ),
    ];
    for (frame, failure) in &tries {
        let mut server = server_at(Progress::Opened);
        assert_eq!(say(&mut server, frame), [failure.to_xml()]);
        assert_eq!(say(&mut server, frame), [failure.to_xml()]);
        assert_ends(
            &mut server,
            Input::Frame(frame.clone()),
            StreamError::PolicyViolation,
        );
    }

    let mut server = server_at(Progress::Asked);
    for _ in 0..2 {
        let refused = give(
            &mut server,
            Input::Authenticated(Err(SaslFailure::NotAuthorized)),
        );
        assert_eq!(refused, [Output::Send(SaslFailure::NotAuthorized.to_xml())]);
        assert_eq!(say(&mut server, AUTH), Vec::<String>::new());
    }
    let refused = Input::Authenticated(Err(SaslFailure::NotAuthorized));
    assert_ends(&mut server, refused, StreamError::PolicyViolation);
}

#[test]
fn a_client_may_name_itself_twice_and_wait_to_be_asked() {
    // "101-4242@chat.qb.test" NUL "101-4242" NUL "pass101".
    let response = "MTAxLTQyNDJAY2hhdC5xYi50ZXN0ADEwMS00MjQyAHBhc3MxMDE=";
    let mut server = server_at(Progress::Opened);
    let challenge = say(
        &mut server,
        &format!("<auth xmlns='{}' mechanism='PLAIN'/>", ns::SASL),
    );
    assert_eq!(challenge, [format!("<challenge xmlns=\"{}\"/>", ns::SASL)]);
    let response = format!("<response xmlns='{}'>{response}</response>", ns::SASL);
    let asked = give(&mut server, Input::Frame(response.clone()));
    let local = "101-4242".to_owned();
    assert_eq!(
        asked,
        [Output::Authenticate {
            local,
            password: "pass101".into()
        }]
    );
    assert_frame_ends(Progress::Opened, &response, StreamError::NotAuthorized);
}

#[test]
fn a_name_that_the_shell_cannot_mean_is_its_own_fault() {
    let name = Input::Authenticated(Ok("a b".to_owned()));
    assert_ends(
        &mut server_at(Progress::Asked),
        name,
        StreamError::InternalServerError,
    );
    let mut server = server_at(Progress::Reopened);
    say(&mut server, BIND);
    let resource = Input::Bound {
        resource: String::new(),
    };
    assert_ends(&mut server, resource, StreamError::InternalServerError);
}

#[test]
fn resources_can_be_refused_three_times() {
    let mut server = server_at(Progress::Reopened);
    for _ in 0..2 {
        say(&mut server, BIND);
        let outputs = give(&mut server, Input::BindRefused);
        let [Output::Send(reply)] = outputs.as_slice() else {
            panic!("{outputs:?}")
        };
        assert_eq!(
            StanzaError::read(&element(reply)),
            StanzaError::ResourceConstraint
        );
    }
    say(&mut server, BIND);
    assert_ends(
        &mut server,
        Input::BindRefused,
        StreamError::PolicyViolation,
    );

    let wish = format!(
        "<bind xmlns='{}'><resource>a\u{85}b</resource></bind>",
        ns::BIND
    );
    assert_refused(
        Progress::Reopened,
        &format!("<iq id='1' type='set'>{wish}</iq>"),
        StanzaError::BadRequest,
    );
    assert_refused(
        Progress::Reopened,
        &BIND.replace("id=\"_bind_auth_2\"", ""),
        StanzaError::BadRequest,
    );
}

#[test]
fn frames_wait_while_the_shell_decides() {
    let mut server = server_at(Progress::Asked);
    assert_eq!(give(&mut server, Input::Frame(OPEN.to_owned())), []);
    assert_eq!(give(&mut server, Input::Frame(BIND.to_owned())), []);
    let outputs = give(&mut server, Input::Authenticated(Ok("101-4242".to_owned())));
    assert_eq!(outputs.last(), Some(&Output::Bind { wanted: None }));
    assert_eq!(
        give(&mut server, Input::Frame("<presence/>".to_owned())),
        []
    );
    let outputs = give(
        &mut server,
        Input::Bound {
            resource: "tab".to_owned(),
        },
    );
    let [Output::Send(_), Output::Ready { .. }, Output::Stanza { .. }] = outputs.as_slice() else {
        panic!("{outputs:?}");
    };

    let mut server = server_at(Progress::Asked);
    for _ in 0..MAX_WAITING_FRAMES {
        assert_eq!(give(&mut server, Input::Frame(OPEN.to_owned())), []);
    }
    assert_ends(
        &mut server,
        Input::Frame(OPEN.to_owned()),
        StreamError::PolicyViolation,
    );
}

#[test]
fn elements_that_are_no_stanzas() {
    for (frame, error) in [
        (
            "<c:message xmlns:c='jabber:client'/>",
            StreamError::BadNamespacePrefix,
        ),
        (
            "<message xmlns='jabber:server'/>",
            StreamError::InvalidNamespace,
        ),
        ("<body/>", StreamError::UnsupportedStanzaType),
        ("<message><p:x/></message>", StreamError::NotWellFormed),
        ("<message>", StreamError::NotWellFormed),
        ("<message/><message/>", StreamError::NotWellFormed),
        (OPEN, StreamError::PolicyViolation),
    ] {
        assert_frame_ends(Progress::Bound, frame, error);
    }
}

#[test]
fn stanzas_beyond_the_limits() {
    let mut config = server_config();
    config.limits = Limits {
        max_bytes: 300,
        max_depth: 3,
        max_nodes: 4,
    };
    for frame in [
        format!("<message>{}</message>", "x".repeat(300)),
        "<message><a><b><c/></b></a></message>".to_owned(),
        "<message><a/><a/><a/><a/></message>".to_owned(),
    ] {
        let mut server = ServerStream::new(config.clone());
        for frame in [OPEN, AUTH] {
            say(&mut server, frame);
        }
        give(&mut server, Input::Authenticated(Ok("101-4242".to_owned())));
        for frame in [OPEN, BIND] {
            say(&mut server, frame);
        }
        give(
            &mut server,
            Input::Bound {
                resource: "tab".to_owned(),
            },
        );
        assert_ends(
            &mut server,
            Input::Frame(frame),
            StreamError::PolicyViolation,
        );
    }
}

#[test]
fn what_the_server_is_asked_is_handed_up() {
    let version = "<query xmlns='jabber:iq:version'/>";
    for to in ["", "to='chat.qb.test'", "to='101-4242@chat.qb.test'"] {
        let iq = format!("<iq id='1' type='get' {to}>{version}</iq>");
        let outputs = give(&mut server_at(Progress::Bound), Input::Frame(iq));
        let [Output::Request { header, payload }] = outputs.as_slice() else {
            panic!("{outputs:?}");
        };
        assert_eq!(header.id.as_deref(), Some("1"));
        assert!(payload.is("jabber:iq:version", "query"));
    }
}

#[test]
fn requests_that_the_server_refuses() {
    for iq in [
        "<iq id='1' type='get'/>",
        "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<iq id='1' type='ask'/>",
        "<iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/></iq>",
    ] {
        assert_refused(Progress::Bound, iq, StanzaError::BadRequest);
    }
    assert_refused(
        Progress::Bound,
        "<message to='a@'/>",
        StanzaError::JidMalformed,
    );
    for silent in [
        "<iq id='1' type='result'/>",
        "<message type='error' to='@'/>",
        " \n",
    ] {
        assert_eq!(
            give(
                &mut server_at(Progress::Bound),
                Input::Frame(silent.to_owned())
            ),
            []
        );
    }
}

#[test]
fn requests_to_others_are_theirs_to_answer() {
    for to in [
        "102-4242@chat.qb.test",
        "101-4242@chat.qb.test/tab",
        "elsewhere.test",
    ] {
        let iq = format!("<iq id='1' type='get' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>");
        let outputs = give(&mut server_at(Progress::Bound), Input::Frame(iq.clone()));
        let [Output::Stanza { header, raw }] = outputs.as_slice() else {
            panic!("{outputs:?}")
        };
        assert_eq!(
            (header.to.as_ref(), raw),
            (Some(&to.parse::<Jid>().unwrap()), &iq)
        );
    }
}

#[test]
fn carbons_are_switched_on_and_off() {
    let mut server = server_at(Progress::Bound);
    for (name, wanted) in [("enable", true), ("disable", false)] {
        let iq = format!("<iq id='c' type='set'><{name} xmlns='urn:xmpp:carbons:2'/></iq>");
        let outputs = give(&mut server, Input::Frame(iq));
        let [Output::Send(_), Output::Carbons(reported)] = outputs.as_slice() else {
            panic!("{outputs:?}");
        };
        assert_eq!(*reported, wanted);
    }
}

#[test]
fn every_reason_of_the_shell_reaches_the_client_at_every_step() {
    for progress in [
        Progress::Nothing,
        Progress::Opened,
        Progress::Asked,
        Progress::Authenticated,
        Progress::Reopened,
        Progress::Bound,
    ] {
        let mut server = server_at(progress);
        assert_ends(
            &mut server,
            Input::StreamFault(StreamError::Conflict),
            StreamError::Conflict,
        );
        assert_ends(
            &mut server_at(progress),
            Input::Shutdown,
            StreamError::SystemShutdown,
        );
        let mut server = server_at(progress);
        assert_eq!(give(&mut server, Input::SocketClosed), []);
        assert!(server.is_closed());
    }
}

#[test]
fn streams_have_names_of_their_own() {
    let mut server = server();
    let id = |sent: &[String]| element(&sent[0]).attribute("id").unwrap().to_owned();
    assert_eq!(id(&say(&mut server, OPEN)), "stream");
    say(&mut server, AUTH);
    give(&mut server, Input::Authenticated(Ok("101-4242".to_owned())));
    assert_eq!(id(&say(&mut server, OPEN)), "stream-2");
}
