//! Pictures and sound arrive whole and in order.

use std::time::Duration;

use visavis_peer::{IncomingAudio, IncomingVideo, PeerConfig, PeerEvent};

use crate::stage::{Alice, Bob, Line, SOON, Stage, Who, picture, picture_data, sound};

fn pictures(stage: &Stage, who: Who) -> Vec<IncomingVideo> {
    let pictures = stage[who].events.iter().filter_map(|event| match event {
        PeerEvent::Video(picture) => Some(picture.clone()),
        _ => None,
    });
    pictures.collect()
}

fn sounds(stage: &Stage, who: Who) -> Vec<IncomingAudio> {
    let sounds = stage[who].events.iter().filter_map(|event| match event {
        PeerEvent::Audio(packet) => Some(packet.clone()),
        _ => None,
    });
    sounds.collect()
}

#[test]
fn content_arrives_whole_and_in_order_both_ways() {
    let mut stage = Stage::connected();
    let mut lines = [Line::new(Alice), Line::new(Bob)];
    for line in &mut lines {
        line.send_for(&mut stage, SOON);
    }
    stage.run_for(SOON / 5);
    for (who, line) in [(Bob, &lines[0]), (Alice, &lines[1])] {
        let pictures = pictures(&stage, who);
        assert_eq!(pictures.len(), line.pictures as usize);
        for (number, picture) in (0..).zip(&pictures) {
            assert_eq!(
                picture.data[..],
                picture_data(number)[..],
                "picture {number}"
            );
            assert!(picture.contiguous, "picture {number}");
        }
        let times = pictures
            .windows(2)
            .map(|two| two[1].timestamp - two[0].timestamp);
        for time in times {
            assert!(time.abs_diff(Duration::from_millis(40)) < Duration::from_micros(50));
        }
        let sounds = sounds(&stage, who);
        assert_eq!(sounds.len(), line.sounds as usize);
        for (number, packet) in (0..).zip(&sounds) {
            assert_eq!(packet.data, sound(stage.now, number).data, "sound {number}");
        }
        for two in sounds.windows(2) {
            assert_eq!(two[1].sequence - two[0].sequence, 1);
            assert_eq!(two[1].timestamp - two[0].timestamp, 960);
        }
    }
}

#[test]
fn losses_are_made_good_and_what_arrives_is_whole() {
    let mut stage = Stage::connected();
    stage.network.loss = 0.03;
    let mut line = Line::new(Alice);
    line.send_for(&mut stage, SOON * 4);
    stage.network.loss = 0.0;
    stage.run_for(SOON / 5);
    let arrived = pictures(&stage, Bob);
    let sent = line.pictures as usize;
    assert!(
        arrived.len() * 100 >= sent * 97,
        "{} of {sent}",
        arrived.len()
    );
    let all: Vec<Vec<u8>> = (0..line.pictures).map(picture_data).collect();
    let mut next = 0;
    for picture in &arrived {
        let at = all[next..]
            .iter()
            .position(|data| data[..] == picture.data[..]);
        next += at.expect("a picture that was sent, after the one before") + 1;
    }
    let asked =
        stage[Bob].count(|event| matches!(event, PeerEvent::Stats(stats) if stats.nacks_sent > 0));
    assert!(asked > 0);
}

#[test]
fn a_missing_picture_is_told_and_a_key_frame_asked_for() {
    let mut stage = Stage::connected();
    let mut line = Line::new(Alice);
    line.send_for(&mut stage, SOON / 5);
    stage.cut_from(Alice);
    line.send_for(&mut stage, Duration::from_secs(3));
    stage.network.mend();
    stage.forget_events();
    line.send_for(&mut stage, SOON);
    let pictures = pictures(&stage, Bob);
    let gaps = pictures
        .iter()
        .filter(|picture| !picture.contiguous)
        .count();
    assert!(gaps >= 1, "{} pictures", pictures.len());
    assert!(stage[Alice].has(|event| matches!(event, PeerEvent::KeyFrameRequested)));
}

#[test]
fn a_request_for_a_key_frame_travels_and_a_burst_of_them_is_one() {
    let mut stage = Stage::connected();
    for who in [Alice, Bob] {
        Line::new(who.other()).send_for(&mut stage, SOON / 5);
        stage.forget_events();
        for _ in 0..10 {
            stage.act(who, |connection, now| connection.request_key_frame(now));
        }
        stage.run_for(SOON / 5);
        let asked = |event: &PeerEvent| matches!(event, PeerEvent::KeyFrameRequested);
        assert_eq!(stage[who.other()].count(asked), 1, "{who:?}");
        stage.act(who, |connection, now| connection.request_key_frame(now));
        stage.run_for(SOON / 5);
        assert_eq!(stage[who.other()].count(asked), 2, "{who:?}");
    }
}

#[test]
fn what_is_sent_before_the_connection_is_up_is_dropped() {
    let mut stage = Stage::new();
    Line::new(Alice).send_for(&mut stage, SOON / 5);
    stage.negotiate(Alice);
    Line::new(Alice).send_for(&mut stage, Duration::from_millis(40));
    stage.run_until_connected();
    stage.run_for(SOON / 5);
    assert!(pictures(&stage, Bob).is_empty());
    stage.act(Alice, |connection, now| {
        connection.send_video(now, picture(now, 0))
    });
    stage.run_for(SOON / 5);
    assert_eq!(pictures(&stage, Bob).len(), 1);
}

#[test]
fn pictures_for_a_peer_without_video_are_dropped_and_harm_nothing() {
    let audio_only = PeerConfig {
        video: false,
        ..PeerConfig::default()
    };
    let mut stage = Stage::with(audio_only);
    stage.negotiate(Alice);
    stage.run_until_connected();
    let mut line = Line::new(Alice);
    line.send_for(&mut stage, SOON / 5);
    stage.run_for(SOON / 5);
    assert!(pictures(&stage, Bob).is_empty());
    assert_eq!(sounds(&stage, Bob).len(), line.sounds as usize);
    assert!(!stage[Alice].has(|event| matches!(event, PeerEvent::Congested(true))));
}

#[test]
fn pictures_stop_when_video_is_given_up_and_sound_goes_on() {
    let mut stage = Stage::connected();
    stage.act(Alice, |connection, _| connection.renegotiate(false, false));
    let offer = stage[Alice].local_offer().unwrap();
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.forget_events();
    let mut lines = [Line::new(Alice), Line::new(Bob)];
    for line in &mut lines {
        line.send_for(&mut stage, SOON / 5);
    }
    stage.run_for(SOON / 5);
    for (who, line) in [(Bob, &lines[0]), (Alice, &lines[1])] {
        assert!(pictures(&stage, who).is_empty(), "{who:?}");
        assert_eq!(sounds(&stage, who).len(), line.sounds as usize, "{who:?}");
        assert!(
            !stage[who]
                .has(|event| matches!(event, PeerEvent::Congested(true) | PeerEvent::Failed(_)))
        );
    }
}

#[test]
fn an_empty_and_a_huge_picture_harm_nothing() {
    let mut stage = Stage::connected();
    for bytes in [0, 1, 500_000] {
        stage.act(Alice, |connection, now| {
            let mut frame = picture(now, 0);
            frame.data = vec![0; bytes].into();
            connection.send_video(now, frame);
        });
        stage.run_for(SOON * 2);
    }
    assert!(
        pictures(&stage, Bob)
            .iter()
            .any(|picture| picture.data.len() == 500_000)
    );
    for who in [Alice, Bob] {
        assert!(!stage[who].has(|event| matches!(event, PeerEvent::Failed(_))));
    }
}
