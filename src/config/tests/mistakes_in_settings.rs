//! Mistakes in `canvass.toml`.

use super::*;
use crate::domain::quiet_hours::QuietHours;

#[track_caller]
fn check_settings(line: &str, expected: &str) {
    check("canvass.toml", &format!("{CANVASS}{line}\n"), &[expected]);
}

#[test]
fn what_listens_and_where_links_lead_is_checked() {
    let url = |url: &str, message: &str| {
        let text = CANVASS.replace("https://s.sole.example", url);
        check("canvass.toml", &text, &[&format!("config/canvass.toml:2:7: public.url: {message}")]);
    };
    let like = "write it like `https://s.sole.example`";
    url("https://s.sole.example/", &format!("`https://s.sole.example/` must not end with a slash; {like}"));
    url("s.sole.example", &format!("`s.sole.example` must begin with `https://` or `http://`; {like}"));
    url("https://a@b.example", &format!("`https://a@b.example` may name a host and a port and nothing else; {like}"));
    url("https://b.example:70000", &format!("`https://b.example:70000` has no valid host and port; {like}"));
    check_settings(
        "[admin]\nlisten = \"0.0.0.0:8081\"",
        "config/canvass.toml:9:10: admin.listen: `0.0.0.0:8081` can be reached from other machines: name a file with a \
         token in `token_file` (or the systemd credential `admin-token`), or listen on 127.0.0.1",
    );
    check_settings(
        "[admin]\nlisten = \"8081\"",
        "config/canvass.toml:9:10: admin.listen: `8081` is not an address to listen on; write one such as \
         `127.0.0.1:8080` or `[::]:8080`",
    );
}

#[test]
fn sections_of_the_daemon_are_checked() {
    check_settings(
        "[store]\nurl = \"postgres://db\"",
        "config/canvass.toml:9:7: store.url: `postgres://db` is not a store; use `sled`",
    );
    check_settings(
        "[daemon]\ntime_zone = \"Europe/Berlim\"",
        "config/canvass.toml:9:13: daemon.time_zone: `Europe/Berlim` is not a time zone; write one such as \
         `Europe/Berlin`, did you mean `Europe/Berlin`?",
    );
    check_settings(
        "[fatigue]\nat_most = 0\nper = \"30d\"",
        "config/canvass.toml:9:11: fatigue.at_most: a whole number from 1 to 1000 belongs here, found the number 0",
    );
    check_settings(
        "[fatigue]\nat_most = 2\nper = \"30d\"\nkeep = { n = 2, for_priority = 8 }",
        "config/canvass.toml:11:8: fatigue.keep: this keeps 2 of 2 and leaves nothing for all other surveys; keep fewer",
    );
    check_settings(
        "[fatigue]\nat_most = 2\nper = \"30d\"\nkeep = { n = 1, for_priority = 11 }",
        "config/canvass.toml:11:32: fatigue.keep.for_priority: a whole number from 1 to 10 belongs here, found the \
         number 11",
    );
    check_settings(
        "[fatige]\nat_most = 1",
        "config/canvass.toml:8:2: fatige: `fatige` is not a key of canvass.toml, did you mean `fatigue`? (its keys: \
         abuse, admin, breaker, cards, consent, daemon, email, fatigue, public, quiet_hours, sms, store)",
    );
    check_settings(
        "[breaker]\nbounced = { share = 10, at_least = 20 }",
        "config/canvass.toml:9:21: breaker.bounced.share: a number from 0 to 1 belongs here, found the number 10",
    );
    check_settings(
        "[breaker]\ncomplained = { share = 0.1 }",
        "config/canvass.toml:9:14: breaker.complained.at_least: `at_least` is missing",
    );
    check_settings(
        "[breaker]\nworst = \"never\"",
        "config/canvass.toml:9:9: breaker.worst: a table belongs here, found the text `never`",
    );
    check_settings(
        "[abuse]\nper_code = 0",
        "config/canvass.toml:9:12: abuse.per_code: a whole number from 1 to 100000 belongs here, found the number 0",
    );
    check_settings(
        "[abuse]\nonce_per_device = \"1s\"",
        "config/canvass.toml:9:19: abuse.once_per_device: `1s` is out of bounds: from 1m to 30d is possible",
    );
    check_settings(
        "[daemon]\ngrace = \"1h\"",
        "config/canvass.toml:9:9: daemon.grace: `1h` is out of bounds: from 0s to 10m is possible",
    );
}

#[test]
fn mail_never_crosses_the_network_in_the_open() {
    check_settings(
        "[email.smtp]\nhost = \"mail.sole.example\"\ntls = \"none\"",
        "config/canvass.toml:10:7: email.smtp.tls: mail to `mail.sole.example` would cross the network in the open; \
         use \
         `implicit` or `starttls` (`none` is for a relay on this machine)",
    );
    assert_eq!(
        Sample::sound().and("canvass.toml", "[email.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\n").problems(),
        "none"
    );
    check(
        "canvass.toml",
        "[public]\nurl = \"https://s.sole.example\"\n[email]\n",
        &[
            "config/canvass.toml:3:1: email.from: `from` is missing",
            "config/canvass.toml:3:1: email.smtp: `smtp` is missing",
        ],
    );
}

#[test]
fn proxies_are_addresses_or_networks() {
    let line = "proxies = [\"10.0.0.0/8\", \"proxy\"]";
    check(
        "canvass.toml",
        &CANVASS.replace("url = \"https://s.sole.example\"", &format!("url = \"https://s.sole.example\"\n{line}")),
        &["config/canvass.toml:3:26: public.proxies[1]: `proxy` is no address; write one such as `127.0.0.1`, or a \
           network such as `10.0.0.0/8`"],
    );
}

#[test]
fn the_bounce_socket_is_a_whole_path_of_its_own() {
    let socket = |path: &str, expected: &str| {
        let line = format!("from = \"Sole <hello@sole.example>\"\nbounce_socket = \"{path}\"\n");
        let text = CANVASS.replace("from = \"Sole <hello@sole.example>\"\n", &line);
        let text = format!("{text}[admin]\nsocket = \"/run/canvass/canvass.sock\"\n");
        check("canvass.toml", &text, &[&format!("config/canvass.toml:6:17: email.bounce_socket: {expected}")]);
    };
    socket("bounces", "`bounces` is not a whole path; write one such as `/run/canvass/bounces.lmtp`");
    socket(
        "/run/canvass/canvass.sock",
        "`/run/canvass/canvass.sock` is the socket that the command line talks to; write another",
    );
    let with = |path: &str| CANVASS.replace("[sms]", &format!("bounce_socket = \"{path}\"\n[sms]"));
    let problems = |n_bytes: usize| {
        let path = format!("/{}", "x".repeat(n_bytes - 1));
        Sample::sound().with("canvass.toml", &with(&path)).problems()
    };
    assert_eq!(problems(107), "none");
    assert!(problems(108).contains("is too long; a socket has at most 107 bytes"), "{}", problems(108));
}

#[test]
fn the_words_of_text_messages_are_checked() {
    check_settings(
        "stop_words = [\"Tschau\", \"7\"]",
        "config/canvass.toml:8:25: sms.stop_words[1]: `7` is a number, which is an answer: write a word",
    );
    check_settings(
        "help_words = [\"Stop!\"]",
        "config/canvass.toml:8:15: sms.help_words[0]: `Stop!` means something else already: leave it out",
    );
}

#[test]
fn gateways_are_checked_where_they_stand() {
    check(
        "canvass.toml",
        &CANVASS.replace("transport = \"file\"\n", "").replace("[email]\n", "[email]\ntransport = \"file\"\n"),
        &["config/canvass.toml:6:1: sms.gateways: no gateway is declared: add [sms.gateways.NAME], or set transport \
             = \"file\""],
    );
    let gateway = |lines: &str, expected: &str| {
        let sample = Sample::sound().and("canvass.toml", lines).with("kannel.password", "hush");
        assert_eq!(sample.problems(), expected);
    };
    gateway(GATEWAY, "none");
    gateway(
        &format!("gateway = \"kanel\"\n{GATEWAY}"),
        "config/canvass.toml:8:11: sms.gateway: there is no gateway `kanel`, did you mean `kannel`? (declared: kannel \
         in \
         [sms.gateways])",
    );
    gateway(
        &GATEWAY.replace("kannel.password", "nowhere"),
        "config/canvass.toml:12:17: sms.gateways.kannel.password_file: there is no file `config/nowhere`",
    );
    let too_long = Sample::sound().and("canvass.toml", &GATEWAY.replace("SOLE", "Trattoria Sole"));
    let problems = too_long.with("kannel.password", "hush").problems();
    assert!(problems.starts_with("config/canvass.toml:13:8: sms.gateways.kannel.from: `Trattoria"), "{problems}");
    gateway(
        &format!("{GATEWAY}[sms.gateways.kannel.receipts]\nstate = {{ query = \"\" }}\nfailed = [1, 2]\n"),
        "config/canvass.toml:15:19: sms.gateways.kannel.receipts.state.query: the name is empty: write that of a field\n\
         config/canvass.toml:16:10: sms.gateways.kannel.receipts.failed: `1` stands in `delivered` as well: leave it in \
         one of the two",
    );
    let inline = GATEWAY.replace("password_file = \"kannel.password\"", "password = \"hunter2\"");
    let problems = Sample::sound().and("canvass.toml", &inline).problems();
    assert!(problems.starts_with("config/canvass.toml:12:12: sms.gateways.kannel.password: "), "{problems}");
    assert!(!problems.contains("hunter2"), "{problems}");
    let of_systemd = Sample::sound()
        .and("canvass.toml", &GATEWAY.replace("password_file = \"kannel.password\"\n", ""))
        .env("CREDENTIALS_DIRECTORY", "/run/credentials")
        .with("/run/credentials/sms-kannel-password", "hush");
    assert_eq!(of_systemd.problems(), "none");
}

#[test]
fn quiet_hours_are_checked() {
    let hours = |line: &str, expected: &str| check_settings(&format!("[quiet_hours.sms]\n{line}"), expected);
    hours(
        "XX = { between = \"08:00-20:00\" }",
        "config/canvass.toml:9:6: quiet_hours.sms.XX: `XX` is not a country whose numbers are known; write its two \
         letters, such as `DE`",
    );
    hours(
        "FR = { between = \"8-20\" }",
        "config/canvass.toml:9:18: quiet_hours.sms.FR.between: `8` in `8-20` is no time of day: write 00:00 to 23:59, or \
         24:00 as the end",
    );
    hours(
        "FR = {}",
        "config/canvass.toml:9:6: quiet_hours.sms.FR: say when messages may be sent: { between = \"08:00-20:00\" }, with \
         \"00:00-24:00\" for always",
    );
    hours(
        "FR = { days = \"Mon-Sat\", holidays = [\"easter+one\"] }",
        "config/canvass.toml:9:38: quiet_hours.sms.FR.holidays[0]: `easter+one` is no day: write a date such as \
         2026-12-25, a day of every year such as 12-25, or one that moves with Easter such as easter+1",
    );
    // Kaliningrad's evening begins when it is night in Kamchatka.
    hours(
        "RU = { between = \"10:00-19:00\" }",
        "config/canvass.toml:9:6: quiet_hours.sms.RU: these hours are never open in all zones of RU at once, so nobody \
         there could be written to whose zone is not known; make them longer",
    );
    check_settings(
        "[quiet_hours]\ndefault = true",
        "config/canvass.toml:9:1: quiet_hours.default: `default` is not a key of [quiet_hours], did you mean `defaults`? \
         (its keys: defaults, email, sms)",
    );
}

#[test]
fn what_operations_write_takes_the_place_of_the_built_in_hours() {
    let hours = |text: &str| Sample::sound().and("canvass.toml", text).settings().quiet_hours;
    let country = |letters| crate::domain::country::Country::parse(letters).unwrap();
    let window = |between, days| Some(crate::domain::send_window::SendWindow::parse(between, days).unwrap());
    let of = |hours: &QuietHours, letters| hours.sms.of(Some(country(letters))).map(|hours| hours.window);

    let built_in = hours("");
    assert_eq!(of(&built_in, "US"), window("08:00-21:00", None));
    assert_eq!(of(&built_in, "DE"), window("08:00-20:00", None));
    assert_eq!(of(&built_in, "FR"), window("08:00-22:00", Some("Mon-Sat")));
    let bastille = "2027-07-14".parse().unwrap();
    assert!(built_in.sms.countries[&country("FR")].holidays.contains(bastille));
    assert_eq!(built_in.email, crate::domain::quiet_hours::HoursByCountry::default());

    let changed = hours(
        "[quiet_hours.sms]\nUS = { between = \"09:00-18:00\" }\n[quiet_hours.email]\nother = { days = \"Mon-Fri\" }\n",
    );
    assert_eq!(of(&changed, "US"), window("09:00-18:00", None));
    assert_eq!(of(&changed, "FR"), of(&built_in, "FR"));
    assert_eq!(changed.email.of(None).map(|hours| hours.window), window("00:00-24:00", Some("Mon-Fri")));

    let without = hours("[quiet_hours]\ndefaults = false\n[quiet_hours.sms]\nAT = { between = \"09:00-20:00\" }\n");
    assert_eq!((of(&without, "AT"), of(&without, "FR")), (window("09:00-20:00", None), None));
}

#[test]
fn the_built_in_hours_say_of_when_they_are() {
    let text = include_str!("../quiet_hours/built_in.toml");
    let date = text.lines().find_map(|line| line.strip_prefix("# As of ")?.split_once('.').map(|(date, _)| date));
    assert!(date.is_some_and(|date| date.parse::<chrono::NaiveDate>().is_ok()), "{date:?}");
}
