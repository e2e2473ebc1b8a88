//! Links in messages: where they lead, and how to make them ones that can be clicked.

use crate::catcher::mailbox::Caught;
use crate::domain::seal::{LinkTarget, Purpose, Seal};

/// A piece of a text, with its link where it is one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it says.
    pub(super) text: String,
    /// Where it leads.
    pub(super) url: Option<String>,
}

/// A text cut at its links. Only links below `base` are links: a message may say what it likes.
pub(super) fn pieces(text: &str, base: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let begins = format!("{base}/");
    while let Some((before, after)) = rest.split_once(&begins) {
        let end = after.find(|c: char| c.is_whitespace() || "<>\"'".contains(c)).unwrap_or(after.len());
        let (path, behind) = after.split_at(end);
        let url = format!("{begins}{path}");
        if !before.is_empty() {
            pieces.push(Piece { text: before.to_owned(), url: None });
        }
        pieces.push(Piece { text: url.clone(), url: Some(url) });
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece { text: rest.to_owned(), url: None });
    }
    pieces
}

/// The paths of the links in a text.
pub(super) fn paths(text: &str, base: &str) -> Vec<String> {
    let urls = pieces(text, base).into_iter().filter_map(|piece| piece.url);
    urls.filter_map(|url| url.strip_prefix(base).map(str::to_owned)).collect()
}

/// The path of the first link of a message to a survey (`s`) or to stop (`u`), without its query.
pub(super) fn path_to(message: &Caught, base: &str, kind: char) -> Option<String> {
    let start = format!("/{kind}/");
    let path = paths(&message.text, base).into_iter().find(|path| path.starts_with(&start))?;
    Some(path.split_once('?').map_or(path.as_str(), |(path, _)| path).to_owned())
}

/// Which attempt of which invitation a message is.
pub(super) fn target(message: &Caught, base: &str, seal: &Seal) -> Option<LinkTarget> {
    seal.open(Purpose::Survey, path_to(message, base, 's')?.strip_prefix("/s/")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_links_are_links() {
        let text = "Tap http://127.0.0.1:8088/s/abc?overall=5\nor http://evil.example/s/x <http://127.0.0.1:8088/u/d>.";
        let found = pieces(text, "http://127.0.0.1:8088");
        let urls: Vec<_> = found.iter().filter_map(|piece| piece.url.as_deref()).collect();
        assert_eq!(urls, ["http://127.0.0.1:8088/s/abc?overall=5", "http://127.0.0.1:8088/u/d"]);
        assert_eq!(found.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
        assert_eq!(paths(text, "http://127.0.0.1:8088"), ["/s/abc?overall=5", "/u/d"]);
        assert_eq!(pieces("", "http://a"), []);
    }
}
