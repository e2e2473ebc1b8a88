//! Gateways that are asked about text messages whose answers were lost.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::by_hand::unknown;
use super::*;
use crate::channel::sms::{AskError, Gateway, Verdict};
use crate::channel::{OutboundMessage, SentSms, Transport};
use crate::config::settings::{SmsSettings, SmsTransport};
use crate::daemon::reconciler::Reconciler;
use crate::domain::attempt::Outcome;
use crate::domain::id::InvitationId;
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::seal::LinkTarget;
use crate::domain::text_words::TextWords;

/// A gateway that says what it was told to say.
struct Oracle {
    says: Mutex<Result<Verdict, AskError>>,
    asked: Mutex<Vec<SentSms>>,
    /// What it waits for before it says anything.
    pause: tokio::sync::RwLock<()>,
}

impl Oracle {
    fn now_says(&self, says: Result<Verdict, AskError>) {
        *self.says.lock().unwrap() = says;
    }

    fn n_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Transport for Oracle {
    async fn send(&self, _: &OutboundMessage) -> Outcome {
        unknown()
    }

    async fn ask(&self, sent: &SentSms) -> Result<Verdict, AskError> {
        self.asked.lock().unwrap().push(sent.clone());
        let _go = self.pause.read().await;
        self.says.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        1
    }

    fn name(&self) -> &'static str {
        "oracle"
    }
}

impl House {
    /// Gives it a gateway that can be asked.
    async fn with_oracle(&self) -> Arc<Oracle> {
        let oracle = Arc::new(Oracle {
            says: Mutex::new(Ok(Verdict::NotThere)),
            asked: Mutex::default(),
            pause: tokio::sync::RwLock::default(),
        });
        let table = "preset = 'twilio'\naccount_sid = 'AC0123456789abcdef0123456789abcdef'\nfrom = '+15005550006'\n\
                     receipts = { signature = 'none' }";
        let secret = |_: &str| Some(crate::config::settings::Secret::new("secret"));
        let gateway = Gateway::from_table("oracle", &table.parse().unwrap(), &secret).unwrap();
        let mut config = (*self.core.live.load().config).clone();
        let gateways = BTreeMap::from([("oracle".to_owned(), gateway)]);
        config.settings.sms = Some(SmsSettings {
            transport: SmsTransport::Gateways { default: "oracle".to_owned(), gateways },
            give_up_after: TimeDelta::hours(1),
            words: TextWords::default(),
            contact: None,
        });
        let here: Arc<dyn Transport> = Arc::clone(&oracle) as Arc<dyn Transport>;
        let texts = BTreeMap::from([("oracle".to_owned(), Arc::clone(&here))]);
        self.core.adopt(Live::through_these(config, here, ("oracle", texts)).unwrap()).await.unwrap();
        oracle
    }

    /// A text message to a guest of whose fate nobody knows. Gives its invitation.
    async fn lose(&self, n: u32) -> String {
        let id = self.order(n).await;
        assert_eq!(self.all_leave(Channel::Sms, unknown()).await, 1);
        id
    }

    async fn stands(&self, id: &str) -> (String, String) {
        let told = self.ask(&format!("/api/v1/invitations/{id}")).await.json();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (word(&told["state"]), word(&told["attempts"][0]["outcome"]))
    }

    async fn reconcile(&self, id: &str) -> Value {
        let answer = self.tell("/api/v1/unknown/reconcile", &json!({ "invitations": [id] })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()["rows"][0].clone()
    }
}

fn taken(news: Option<News>) -> Verdict {
    let receipt = news.map(|news| Receipt::of(news, "oracle", "it said so"));
    Verdict::Taken { provider_ref: "SM1".to_owned(), receipt }
}

#[tokio::test]
async fn an_operator_hears_what_the_gateway_says_and_it_counts() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let id = house.lose(1).await;
    let row = house.reconcile(&id).await;
    assert_eq!((&row["attempt"], &row["result"]), (&json!(1), &json!("not_there")), "{row}");
    oracle.now_says(Err(AskError::NoList { status: 401 }));
    let row = house.reconcile(&id).await;
    assert_eq!(row["result"], "not_told");
    assert_eq!(row["explanation"], "oracle: its answer says nothing about messages (HTTP status 401)");
    assert_eq!(house.stands(&id).await, ("held".to_owned(), "unknown".to_owned()));
    oracle.now_says(Ok(taken(Some(News::Delivered))));
    assert_eq!(house.reconcile(&id).await["result"], "delivered");
    assert_eq!(house.stands(&id).await, ("asked".to_owned(), "delivered".to_owned()));
    // What is known is not asked about.
    assert_eq!(house.reconcile(&id).await, Value::Null);
    assert_eq!(oracle.n_asked(), 3);
    let story = house.ask(&format!("/api/v1/why/{id}")).await.body;
    for words in ["oracle says that it does not have the text message", "oracle says that it took the text message"] {
        assert!(story.contains(words), "{words} is not in {story}");
    }
    let sent = oracle.asked.lock().unwrap()[0].clone();
    assert_eq!((sent.reference, sent.in_text.starts_with("/s/")), (format!("{id}-1"), true));
}

#[tokio::test]
async fn the_daemon_asks_a_few_times_by_itself() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let stop = CancellationToken::new();
    let reconciler = Reconciler::new(Arc::clone(&house.core), stop.clone());
    let id = house.lose(1).await;
    let lost_at = house.clock.now();
    let (mut n_asked, mut times) = (0, Vec::new());
    for minutes in 0..180 {
        house.clock.advance_to(lost_at + TimeDelta::minutes(minutes));
        n_asked += reconciler.step().await.unwrap();
        if oracle.n_asked() > times.len() {
            times.push(minutes);
        }
    }
    assert_eq!((n_asked, times), (3, vec![3, 16, 121]));
    assert_eq!(house.stands(&id).await, ("held".to_owned(), "unknown".to_owned()));

    // After a restart, what fell due meanwhile is asked about once.
    let id = house.lose(2).await;
    house.clock.advance_to(house.clock.now() + TimeDelta::hours(1));
    oracle.now_says(Ok(taken(None)));
    let reconciler = Reconciler::new(Arc::clone(&house.core), stop.clone());
    assert_eq!(reconciler.step().await.unwrap(), 2, "and about the first for the last time");
    assert_eq!(house.stands(&id).await, ("asked".to_owned(), "accepted".to_owned()));
    assert_eq!(reconciler.step().await.unwrap(), 0);
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_not_asked_about_the_others() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    oracle.now_says(Err(AskError::NoAnswer("connection refused".to_owned())));
    let reconciler = Reconciler::new(Arc::clone(&house.core), CancellationToken::new());
    for n in 1..=3 {
        house.lose(n).await;
    }
    house.clock.advance_to(house.clock.now() + TimeDelta::minutes(3));
    assert_eq!((reconciler.step().await.unwrap(), oracle.n_asked()), (1, 1));
}

#[tokio::test]
async fn another_number_than_it_went_to_is_not_asked_about() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let id = house.lose(1).await;
    let contacts = json!([{ "id": "c-1", "phone": "+4915112345999" }]);
    assert_eq!(house.tell("/api/v1/contacts", &contacts).await.status, StatusCode::OK);
    let row = house.reconcile(&id).await;
    assert_eq!(row["explanation"], "the number that it went to is not known any more", "{row}");
    assert_eq!(oracle.n_asked(), 0);
}

/// What somebody does while the gateway has been asked by two at once and has not answered yet.
async fn meanwhile<T>(house: &House, oracle: &Oracle, id: &str, done: impl Future<Output = T>) -> [Value; 2] {
    let pause = oracle.pause.write().await;
    let asked_by_now = async {
        while oracle.n_asked() < 2 {
            tokio::task::yield_now().await;
        }
        done.await;
        drop(pause);
    };
    let (one, other, ()) = tokio::join!(house.reconcile(id), house.reconcile(id), asked_by_now);
    [one, other]
}

fn n_of(story: &str, words: &str) -> usize {
    story.matches(words).count()
}

#[tokio::test]
async fn the_same_answer_twice_leaves_one_state() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let id = house.lose(1).await;
    oracle.now_says(Ok(taken(Some(News::Delivered))));
    let rows = meanwhile(&house, &oracle, &id, async {}).await;
    let mut results = rows.each_ref().map(|row| row["result"].as_str().unwrap());
    results.sort_unstable();
    assert_eq!(results, ["delivered", "left_alone"]);
    assert_eq!(house.stands(&id).await, ("asked".to_owned(), "delivered".to_owned()));
    let story = house.ask(&format!("/api/v1/why/{id}")).await.body;
    assert_eq!(n_of(&story, "oracle says that it took the text message"), 1, "{story}");
}

#[tokio::test]
async fn what_somebody_settled_meanwhile_is_left_alone() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    for (n, says) in [(1, taken(Some(News::Bounced(Bounce::Hard)))), (2, taken(None)), (3, Verdict::NotThere)] {
        let id = house.lose(n).await;
        oracle.asked.lock().unwrap().clear();
        oracle.now_says(Ok(says));
        let settle = json!({ "invitation": id, "as": "accepted" });
        let rows = meanwhile(&house, &oracle, &id, async {
            assert_eq!(house.tell("/api/v1/unknown/settle", &settle).await.status, StatusCode::OK);
        });
        for row in rows.await {
            assert_eq!(row["explanation"], "its outcome became known meanwhile", "{row}");
        }
        assert_eq!(house.stands(&id).await, ("asked".to_owned(), "accepted".to_owned()));
        let story = house.ask(&format!("/api/v1/why/{id}")).await.body;
        assert_eq!(n_of(&story, "oracle says"), 0, "{story}");
    }
}

#[tokio::test]
async fn nobody_is_asked_while_nothing_could_be_kept() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let reconciler = Reconciler::new(Arc::clone(&house.core), CancellationToken::new());
    let id = house.lose(1).await;
    oracle.now_says(Ok(taken(None)));
    house.fill_the_disk();
    house.clock.advance_to(house.clock.now() + TimeDelta::hours(3));
    assert_eq!((reconciler.step().await.unwrap(), oracle.n_asked()), (0, 0));
    house.make_room();
    assert_eq!((reconciler.step().await.unwrap(), oracle.n_asked()), (1, 1));
    assert_eq!(house.stands(&id).await, ("asked".to_owned(), "accepted".to_owned()));
}

#[tokio::test]
async fn a_report_that_comes_later_goes_on_from_what_was_found() {
    let house = House::open().await;
    let oracle = house.with_oracle().await;
    let id = house.lose(1).await;
    oracle.now_says(Ok(taken(None)));
    assert_eq!(house.reconcile(&id).await["result"], "taken");
    assert_eq!(house.stands(&id).await, ("asked".to_owned(), "accepted".to_owned()));
    let told = house.ask(&format!("/api/v1/invitations/{id}")).await.json();
    assert_eq!(told["attempts"][0]["provider_ref"], "SM1");

    let of = LinkTarget { invitation: InvitationId::parse(&id).unwrap(), attempt: 1 };
    let link = format!("/hooks/sms/oracle/status/{}", house.core.store.seal().report_token(of, "oracle"));
    for _ in 0..2 {
        let heard = house.submit(&link, "MessageSid=SM1&MessageStatus=delivered").await;
        assert!(heard.status.is_success(), "{} {}", heard.status, heard.body);
        assert_eq!(house.stands(&id).await, ("asked".to_owned(), "delivered".to_owned()));
    }
    assert_eq!(house.reconcile(&id).await, Value::Null);
}
