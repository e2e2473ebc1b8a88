//! The templates that are compiled in, by the name that a file in the operators' folder takes the place of.

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// Folders of templates; a file elsewhere in the operators' folder is none of ours.
pub(super) const FOLDERS: [&str; 4] = ["admin", "mail", "page", "sms"];

/// Name and source of every template.
pub(super) const TEMPLATES: [(&str, &str); 29] = built_in![
    "admin/admin.css",
    "admin/bar.html",
    "admin/rate.html",
    "admin/report.html",
    "demo/demo.css",
    "demo/inbox.html",
    "demo/message.html",
    "demo/start.html",
    "demo/story.html",
    "mail/invitation.html",
    "mail/invitation.subject.txt",
    "mail/invitation.txt",
    "page/base.css",
    "page/error.html",
    "page/gone.html",
    "page/head.html",
    "page/layout.html",
    "page/matrix.css",
    "page/not_found.html",
    "page/question.html",
    "page/seen.js",
    "page/survey.css",
    "page/survey.html",
    "page/thanks.html",
    "page/unsubscribe.html",
    "page/unsubscribed.html",
    "sms/invitation.txt",
    "sms/notice.txt",
    "sms/question.txt",
];

/// The words of one language: its tag, the file's name and its content.
pub(super) type WordsFile = (&'static str, &'static str, &'static str);

macro_rules! words {
    ($($tag:literal),* $(,)?) => {
        [$((
            $tag,
            concat!("language/", $tag, ".toml"),
            include_str!(concat!("../../templates/language/", $tag, ".toml")),
        )),*]
    };
}

/// The languages of the interface; the first is the one that it falls back to.
pub(super) const LANGUAGES: [WordsFile; 12] =
    words!["en", "ar", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "tr", "zh"];
/// The language that the interface falls back to.
pub(super) const ENGLISH: WordsFile = LANGUAGES[0];
