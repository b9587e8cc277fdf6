//! Sound and pictures from end to end, one behavior a file. Sound runs in virtual
//! time, pictures with the real threads, awaited one by one.
#![allow(clippy::unwrap_used)]

mod a_switched_off_track_is_black;
mod congested_peers_cost_nothing;
mod jitter_is_ridden_out;
mod line;
mod losses_are_repaired_by_key_frames;
mod lost_packets_are_made_good;
mod marks_survive_opus;
mod pictures_go_from_end_to_end;
mod repairs_are_gathered;
mod sound_goes_from_end_to_end;
mod sources_can_be_switched;
mod stage;
mod streams_pause_and_begin_anew;
mod the_first_picture_comes_at_once;
mod the_pattern_survives_compression;
mod views_show_tracks;
