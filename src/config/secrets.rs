//! Passwords and tokens: never in the configuration itself, which is copied, printed and versioned.
//!
//! A secret `password` comes from the file that `password_file` names, or from a credential that systemd hands over
//! (`LoadCredential=`, found in `$CREDENTIALS_DIRECTORY`). A secret written into the configuration is a problem that
//! says what to do instead, and no message repeats it. Keys in PEM come the same ways; they alone have several lines.

use std::io::ErrorKind;

use super::files::Files;
use super::node::{Node, shown};
use super::reader::Reader;
use super::settings::Secret;
use super::values;

/// Longest secret, in bytes.
const SECRET_BYTES_MAX: usize = 4_096;
/// Longest secret of several lines, in bytes.
const LINES_BYTES_MAX: usize = 16_384;

/// Where secrets come from.
#[derive(Clone, Copy)]
pub(super) struct Secrets<'a> {
    /// The folder that `*_file` keys are relative to.
    pub(super) files: &'a dyn Files,
    /// `$CREDENTIALS_DIRECTORY`.
    pub(super) credentials: Option<&'a str>,
}

/// The names of one secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    /// The key that it may not stand under: `password`.
    pub(super) inline: &'static str,
    /// The key that names its file: `password_file`.
    pub(super) file: &'static str,
    /// The systemd credential: `smtp-password`.
    pub(super) credential: &'a str,
}

impl Secrets<'_> {
    /// The secret of a table, if there is one.
    pub(super) fn of(&self, reader: &mut Reader<'_>, names: Names<'_>) -> Option<Secret> {
        self.found(reader, names, |node| self.in_file(node))
    }

    /// The secret of a table, if there is one, which may have several lines.
    pub(super) fn of_lines(&self, reader: &mut Reader<'_>, names: Names<'_>) -> Option<Secret> {
        self.found(reader, names, |node| {
            let (label, text) = self.text_in_file(node)?;
            if text.len() > LINES_BYTES_MAX {
                return Err(format!(
                    "`{}` is longer than {LINES_BYTES_MAX} bytes; it must hold one key",
                    shown(&label)
                ));
            }
            Ok(Secret::new(text))
        })
    }

    fn found(
        &self,
        reader: &mut Reader<'_>,
        names: Names<'_>,
        in_file: impl FnOnce(&Node) -> Result<Secret, String>,
    ) -> Option<Secret> {
        if reader.has(names.inline) {
            return reader.field(names.inline, |field| field.wrong(instead(&names)));
        }
        let is_in_file = reader.has(names.file);
        // Asked for in any case, so that it is listed among the keys.
        let secret = reader.optional(names.file, in_file);
        if is_in_file { secret } else { self.credential(names.credential) }
    }

    /// The content of the file that the node names.
    pub(super) fn in_file(&self, node: &Node) -> Result<Secret, String> {
        let (label, text) = self.text_in_file(node)?;
        let text = text.trim_end_matches(['\r', '\n']);
        match text.len() {
            0 => Err(format!("`{}` is empty; it must hold the secret and nothing else", shown(&label))),
            n if n > SECRET_BYTES_MAX || text.contains('\n') => {
                Err(format!("`{}` must hold the secret on one line and nothing else", shown(&label)))
            }
            _ => Ok(Secret::new(text)),
        }
    }

    /// What to call the file that the node names, and what is in it.
    fn text_in_file(&self, node: &Node) -> Result<(String, String), String> {
        let name = values::line(node)?;
        let label = self.files.label(&name);
        let bytes = self.files.read(&name).map_err(|error| {
            let is_missing = error.kind() == ErrorKind::NotFound;
            let label = shown(&label);
            if is_missing {
                format!("there is no file `{label}`")
            } else {
                format!("`{label}` cannot be read: {error}")
            }
        })?;
        let text = String::from_utf8(bytes).map_err(|_| format!("`{}` is not UTF-8 text", shown(&label)))?;
        Ok((label, text))
    }

    /// The credential that systemd handed over, if it did.
    pub(super) fn credential(&self, name: &str) -> Option<Secret> {
        let bytes = self.files.read(&format!("{}/{name}", self.credentials?)).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let text = text.trim_end_matches(['\r', '\n']);
        (!text.is_empty()).then(|| Secret::new(text))
    }
}

/// What to do instead of writing a secret into the configuration.
fn instead(names: &Names<'_>) -> String {
    format!(
        "a secret may not stand in the configuration: put it into a file of its own and name that file with `{}`, or \
         hand it over as systemd credential `{}`",
        names.file, names.credential
    )
}
