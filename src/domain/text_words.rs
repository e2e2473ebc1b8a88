//! The words by which a text message stops surveys, starts them again, or asks for help, in whatever language it comes.
//!
//! A word counts where it is the whole message. Case, punctuation and blanks do not: `Stop!`, `S.T.O.P` and `OPT-OUT` are
//! such words, and so is `stop please`, because whoever is polite wants no less. Every language's words work for everybody:
//! nobody looks up in which language they were asked before they say no.

use std::collections::BTreeSet;

/// Longest word that can be added, in characters.
pub const WORD_CHARS_MAX: usize = 30;

/// What a message wants that is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// No more surveys.
    Stop,
    /// Surveys again, after a stop.
    Start,
    /// To know who that is.
    Help,
}

/// The words of each language, those that carriers know everywhere first. They are folded before they are compared, so
/// accents stand here both ways where telephones leave them out.
const STOP: [(&str, &[&str]); 13] = [
    ("any", &["stop", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "opt out"]),
    ("ar", &["إيقاف", "ايقاف", "إلغاء", "الغاء", "توقف", "قف"]),
    ("de", &["stopp", "ende", "abmelden", "abbestellen", "beenden", "austragen"]),
    ("es", &["baja", "alto", "parar", "pare", "cancelar", "detener"]),
    ("fr", &["arret", "arrêt", "arreter", "arrêter", "desabonner", "désabonner", "desinscrire", "désinscrire"]),
    ("it", &["ferma", "basta", "cancella", "disiscrivi", "annulla"]),
    ("ja", &["停止", "配信停止", "解除", "中止", "ストップ"]),
    ("nl", &["stoppen", "afmelden", "uitschrijven", "einde"]),
    ("pl", &["koniec", "wypisz", "rezygnuje", "rezygnuję", "anuluj"]),
    ("pt", &["parar", "sair", "cancelar", "remover"]),
    ("ru", &["стоп", "отписка", "отписаться", "отмена", "хватит"]),
    ("tr", &["dur", "durdur", "iptal", "ret", "çık", "çik", "cik"]),
    ("zh", &["停止", "退订", "退訂", "取消", "td"]),
];
const START: [(&str, &[&str]); 13] = [
    ("any", &["start", "unstop", "opt in"]),
    ("ar", &["ابدأ", "ابدا", "اشتراك"]),
    ("de", &["starten", "anmelden"]),
    ("es", &["alta", "iniciar", "empezar"]),
    ("fr", &["reprendre", "demarrer", "démarrer", "commencer"]),
    ("it", &["inizia", "riprendi"]),
    ("ja", &["開始", "再開", "スタート"]),
    ("nl", &["aanmelden", "hervatten"]),
    ("pl", &["wznow", "wznów"]),
    ("pt", &["iniciar", "voltar", "recomecar", "recomeçar"]),
    ("ru", &["старт", "начать", "подписаться"]),
    ("tr", &["basla", "başla", "baslat", "başlat"]),
    ("zh", &["开始", "開始", "订阅", "訂閱"]),
];
const HELP: [(&str, &[&str]); 13] = [
    ("any", &["help", "info"]),
    ("ar", &["مساعدة", "مساعده"]),
    ("de", &["hilfe"]),
    ("es", &["ayuda"]),
    ("fr", &["aide"]),
    ("it", &["aiuto"]),
    ("ja", &["ヘルプ", "助けて"]),
    ("nl", &["hulp"]),
    ("pl", &["pomoc"]),
    ("pt", &["ajuda"]),
    ("ru", &["помощь", "справка", "инфо"]),
    ("tr", &["yardım", "yardim", "bilgi"]),
    ("zh", &["帮助", "幫助"]),
];
/// What may stand around a word that stops. Nothing here turns its sense: no "not", no "later".
const POLITE: [&str; 24] = [
    "please", "pls", "thanks", "thank", "you", "now", "it", "this", "the", "texts", "texting", "messages", "sms",
    "surveys", "me", "bitte", "danke", "sofort", "jetzt", "merci", "gracias", "grazie", "favor", "por",
];

/// The words that are listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextWords {
    stop: BTreeSet<String>,
    start: BTreeSet<String>,
    help: BTreeSet<String>,
}

/// Why a word cannot be listened for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// There is no letter or digit in it.
    #[error("`{0}` has no letter in it, and nothing else of a message counts")]
    Blank(String),
    /// Only digits: it would take the place of an answer.
    #[error("`{0}` is a number, which is an answer: write a word")]
    Number(String),
    /// Longer than a word that anybody sends.
    #[error("`{0}` is longer than {WORD_CHARS_MAX} characters")]
    Long(String),
    /// It means something else already.
    #[error("`{0}` means something else already: leave it out")]
    Taken(String),
}

impl Default for TextWords {
    fn default() -> Self {
        let all = |table: [(&str, &[&str]); 13]| {
            table.into_iter().flat_map(|(_, words)| words).map(|word| folded(word)).collect()
        };
        Self { stop: all(STOP), start: all(START), help: all(HELP) }
    }
}

impl TextWords {
    /// Listens for a further word.
    pub fn add(&mut self, keyword: Keyword, word: &str) -> Result<(), WordError> {
        let shown = || word.chars().take(WORD_CHARS_MAX).collect();
        let folded = folded(word);
        if folded.is_empty() {
            return Err(WordError::Blank(shown()));
        }
        if folded.chars().all(char::is_numeric) {
            return Err(WordError::Number(shown()));
        }
        if folded.chars().count() > WORD_CHARS_MAX {
            return Err(WordError::Long(shown()));
        }
        if self.whole(&folded).is_some_and(|known| known != keyword) {
            return Err(WordError::Taken(shown()));
        }
        match keyword {
            Keyword::Stop => self.stop.insert(folded),
            Keyword::Start => self.start.insert(folded),
            Keyword::Help => self.help.insert(folded),
        };
        Ok(())
    }

    /// What a message wants, if it is one of the words.
    pub fn read(&self, text: &str) -> Option<Keyword> {
        self.whole(&folded(text)).or_else(|| {
            let words = text.split(|c: char| !c.is_alphanumeric()).map(folded);
            let rest: String = words.filter(|word| !POLITE.contains(&word.as_str())).collect();
            self.stop.contains(&rest).then_some(Keyword::Stop)
        })
    }

    fn whole(&self, folded: &str) -> Option<Keyword> {
        let kinds = [(Keyword::Stop, &self.stop), (Keyword::Start, &self.start), (Keyword::Help, &self.help)];
        kinds.into_iter().find(|(_, words)| words.contains(folded)).map(|(keyword, _)| keyword)
    }
}

/// The letters and digits of a text in lower case, full-width ones as plain ones, and nothing between them.
pub fn folded(text: &str) -> String {
    let letters = text.chars().map(narrow).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    // The lower case of a letter may bring a mark along: that of İ does.
    letters.filter(|c| c.is_alphanumeric()).collect()
}

/// Japanese and Chinese keyboards have letters and digits as wide as their signs.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expected: Option<Keyword>) {
        for text in texts {
            assert_eq!(TextWords::default().read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_that_stops_stops_however_it_is_written() {
        check(
            &["STOP", "stop", " Stop. ", "\"stop\"!", "S T O P", "STOP ALL", "Opt-Out", "ＳＴＯＰ"],
            Some(Keyword::Stop),
        );
        check(&["UNSUBSCRIBE", "Cancel", "END", "quit", "REVOKE", "OPTOUT", "STOPALL"], Some(Keyword::Stop));
        check(&["STOP please", "please stop", "Bitte stopp!", "stop texting me", "Stop it now."], Some(Keyword::Stop));
    }

    #[test]
    fn every_languages_word_stops_everybody() {
        check(
            &["Stopp", "Abmelden", "ARRÊT", "arret", "BAJA", "Parar", "СТОП", "İPTAL", "RET", "ÇIK"],
            Some(Keyword::Stop),
        );
        check(&["停止", "退订", "إيقاف", "koniec", "uitschrijven", "Basta!", "ストップ"], Some(Keyword::Stop));
    }

    #[test]
    fn other_words_start_again_and_ask_who_it_is() {
        check(&["START", "unstop", "Opt in", "СТАРТ", "開始"], Some(Keyword::Start));
        check(&["HELP", "info?", "Hilfe", "aide", "ayuda", "ПОМОЩЬ"], Some(Keyword::Help));
    }

    #[test]
    fn an_answer_with_such_a_word_in_it_is_an_answer() {
        check(&["9", "", "please", "?", "We could not stop laughing", "the help was great", "not stop"], None);
        check(&["5 stop", "start please", "We will end here"], None);
    }

    #[test]
    fn no_word_means_two_things() {
        let tables = [(Keyword::Stop, STOP), (Keyword::Start, START), (Keyword::Help, HELP)];
        for (keyword, table) in tables {
            for (language, words) in table {
                for word in words {
                    assert_eq!(TextWords::default().read(word), Some(keyword), "{word} in {language}");
                }
            }
        }
    }

    #[test]
    fn further_words_are_added_unless_they_mean_something_already() {
        let mut words = TextWords::default();
        words.add(Keyword::Stop, "Tschüss").unwrap();
        assert_eq!(words.read("tschüss!"), Some(Keyword::Stop));
        words.add(Keyword::Stop, "STOP").unwrap();
        assert_eq!(words.add(Keyword::Help, "stop"), Err(WordError::Taken("stop".to_owned())));
        assert_eq!(words.add(Keyword::Stop, "!?"), Err(WordError::Blank("!?".to_owned())));
        assert_eq!(words.add(Keyword::Stop, "1"), Err(WordError::Number("1".to_owned())));
        assert!(matches!(words.add(Keyword::Stop, &"x".repeat(31)), Err(WordError::Long(_))));
    }
}
