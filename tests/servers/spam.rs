//! What a filter that is really used makes of our mail: `SpamAssassin`, by its own rules and without asking anybody.
//!
//! Where it takes a survey for spam, guests never see one. Every survey of the shipped configuration is asked in both
//! languages of the shipped templates, first and as a reminder.

use std::fs;

use serde_json::json;

use crate::{
    outbox,
    process::{command, run},
    product::{Installation, now},
};

const SPAMASSASSIN: &str = "/usr/bin/spamassassin";
/// What large receivers file as spam begins at 5; what no mail of ours may reach.
const SCORE_MAX: f64 = 2.0;

const SURVEYS: [&str; 5] = ["booking", "delivery", "nps", "table", "visit"];
const LANGUAGES: [&str; 2] = ["en", "de"];

/// A stage for each survey, with a reminder as soon as there may be one.
fn journey() -> String {
    let stage = |survey: &str| {
        format!(
            "[[stage]]\nid = \"{survey}\"\nsurvey = \"{survey}\"\non = {{ event = \"{survey}.asked\" }}\nafter = \"0s\"\n\
             line_up = [{{ channel = \"email\" }}, {{ channel = \"email\", after = \"1s\", kind = \"reminder\" }}]\n"
        )
    };
    SURVEYS
        .iter()
        .fold("[journey]\nid = \"evening\"\ntitle = \"An evening\"\n".to_owned(), |text, survey| text + &stage(survey))
}

#[test]
fn no_shipped_mail_looks_like_spam() {
    // Links as guests get them: a number and a port in a link are marks of spam.
    let settings = "[email]\ntransport = \"file\"\n[public]\nurl = \"https://s.sole.example\"\n";
    let installation = Installation::with(&journey(), settings);
    let all = SURVEYS.iter().flat_map(|survey| LANGUAGES.iter().map(move |language| (survey, language)));
    let events = all.map(|(survey, language)| {
        let id = format!("{survey}-{language}");
        let email = format!("{id}@guests.example");
        let contact = json!({ "id": id, "name": "Anna Gast", "email": email, "locale": language });
        json!({ "id": id, "type": format!("{survey}.asked"), "at": now(), "branch": "mitte", "contact": contact })
            .to_string()
            + "\n"
    });
    let file = installation.write("events.jsonl", &events.collect::<String>());
    installation.ok(&["events", "import", file.to_str().unwrap()]);
    let _daemon = installation.start();
    let n = SURVEYS.len() * LANGUAGES.len() * 2;
    let mails = outbox::wait_for_mails(&installation, n);

    let scores = scores(&installation, &mails);
    assert_eq!(scores.len(), n, "{scores:#?}");
    let high: Vec<_> = scores.iter().filter(|(score, _)| *score >= SCORE_MAX).collect();
    assert!(high.is_empty(), "{high:#?}");
    // It did look: a mail that praises what nobody asked for is not let through so easily.
    let sold =
        String::from_utf8(mails[0].clone()).unwrap().replace("Trattoria Sole", "CHEAP VIAGRA $$$ NO PRESCRIPTION");
    let worse = self::scores(&installation, &[sold.into_bytes()]);
    assert!(worse[0].0 > scores[0].0, "{worse:#?}");
}

/// The score of each mail, with the rules that made it.
fn scores(installation: &Installation, mails: &[Vec<u8>]) -> Vec<(f64, String)> {
    let mut filter = command(SPAMASSASSIN);
    let home = installation.path("home");
    fs::create_dir_all(&home).unwrap();
    // Nothing over the network, nothing learned, nobody's preferences.
    filter.args(["-L", "-t", "-x", "-p", "/dev/null"]).env("HOME", &home);
    for (n, mail) in mails.iter().enumerate() {
        let file = installation.path(&format!("mail-{n:03}.eml"));
        fs::write(&file, mail).unwrap();
        filter.arg(file);
    }
    let said = run(&mut filter);
    let unfolded = said.replace("\n\t", " ");
    let scored = unfolded.lines().filter_map(|line| line.strip_prefix("X-Spam-Status: "));
    scored
        .map(|line| {
            let score = line.split_once("score=").unwrap().1.split(' ').next().unwrap();
            (score.parse().unwrap(), line.to_owned())
        })
        .collect()
}
