//! The store over any [`Engine`]: hands each call of the port to its unit of work or its look-up.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::watch;

use super::dump::{About, Dump};
use super::engine::Engine;
use super::health::Health;
use super::rehearsal::{self, Snapshot, Snapshots};
use super::sizes::{Compacted, Raw, Sizes};
use super::view::{Reading, View};
use super::walk::{self, Walk};
use super::{
    Backlog, Expiry, GiveBack, Heard, Inbound, Inquired, Intervened, Intervention, Learnt, LeaseRequest, Leased,
    LookUp, Migrated, Migration, Outlook, Refusal, Settlement, Store, StoreError, Suppressed, Understood, WaitingPage,
    backlog, keys, migrate, outlook, reads, work,
};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::contact::Contact;
use crate::domain::contact_change::{ContactChange, Upserted};
use crate::domain::hold::Hold;
use crate::domain::id::{ContactId, EventId, InvitationId, JourneyId, StageId};
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::scope::Scope;
use crate::domain::seal::{SECRET_BYTES, Seal};
use crate::domain::suppression::Suppression;
use crate::domain::survey::{Survey, SurveyVersion};
use crate::plan::spend::Spent;
use crate::plan::{Facts, Plan, RecordedEvent};
use crate::report::tally::{Cell, SurfaceCell, SurfaceTally, Tally};

pub(crate) struct Shared<E> {
    pub(super) engine: Arc<E>,
    pub(super) seal: Seal,
    /// What was in the store when it was last counted.
    raw: Mutex<Option<Raw>>,
    snapshots: Arc<Snapshots>,
}

impl<E: Engine> Shared<E> {
    /// A store over this engine, with the secret that it was made with; `secret` if it is new. One of an older layout is
    /// brought to today's first.
    pub(crate) async fn open(engine: E, secret: [u8; SECRET_BYTES]) -> Result<Self, StoreError> {
        let kept = engine
            .write(move |view| {
                if let Some(kept) = view.get(keys::SECRET)? {
                    return Ok(kept);
                }
                if view.first(&[0], &[u8::MAX; 64])?.is_some() {
                    let reason = "there are records but no secret, so the log is damaged; restore a backup".to_owned();
                    return Err(StoreError::Unreadable { kind: 'm', reason });
                }
                view.put(keys::SECRET.to_vec(), secret.to_vec());
                migrate::begin(view, migrate::STEPS)?;
                Ok(secret.to_vec())
            })
            .await?;
        let unreadable = |_| StoreError::Unreadable { kind: 'm', reason: "the secret has a wrong length".to_owned() };
        let secret: [u8; SECRET_BYTES] = kept.try_into().map_err(unreadable)?;
        let seal = Seal::new(&secret);
        migrate::run(&engine, &seal, migrate::STEPS).await?;
        Ok(Self::over(engine, seal))
    }

    /// A store over this engine, which holds one already that has this seal.
    pub(super) fn over(engine: E, seal: Seal) -> Self {
        Self { engine: Arc::new(engine), seal, raw: Mutex::new(None), snapshots: Arc::default() }
    }

    /// Runs a unit of work, past those who look at the store as it was.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let snapshots = Arc::clone(&self.snapshots);
        self.engine.write(move |view| snapshots.pass(view, unit)).await
    }

    async fn sizes_with(&self, raw: Option<Raw>) -> Result<Sizes, StoreError> {
        let disk_bytes = self.engine.disk_bytes().await?;
        let mut known = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        *known = raw.or(*known);
        Ok(Sizes { disk_bytes, raw: *known })
    }
}

#[async_trait]
impl<E: Engine> Store for Shared<E> {
    fn seal(&self) -> &Seal {
        &self.seal
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.engine.health()
    }

    async fn confirm(&self) -> Result<(), StoreError> {
        // Whatever was handed in before is on disk when this is, or the store takes nothing any more.
        self.write(|_| Ok(())).await
    }

    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, StoreError> {
        let id = id.clone();
        self.engine.look(move |db| reads::contact(db, &id)).await
    }

    async fn contacts_after(&self, after: Option<&ContactId>, n_max: usize) -> Result<Vec<Contact>, StoreError> {
        let after = after.cloned();
        self.engine.read(move |db| reads::contacts_after(db, after.as_ref(), n_max)).await
    }

    async fn put_contacts(&self, changes: Vec<ContactChange>, dry_run: bool) -> Result<Vec<Upserted>, StoreError> {
        let seal = self.seal.clone();
        if dry_run {
            return self.engine.read(move |db| work::contacts::preview(db, &seal, changes)).await;
        }
        self.write(move |view| work::contacts::put(view, &seal, changes)).await
    }

    async fn facts(&self, contact: &ContactId) -> Result<Facts, StoreError> {
        let (contact, seal) = (contact.clone(), self.seal.clone());
        self.engine.read(move |db| reads::facts(db, &seal, &contact)).await
    }

    async fn event(&self, id: &EventId) -> Result<Option<RecordedEvent>, StoreError> {
        let id = id.clone();
        self.engine.look(move |db| reads::event(db, &id)).await
    }

    async fn look_up(&self, request: LookUp) -> Result<Vec<Result<Outlook, StoreError>>, StoreError> {
        let seal = self.seal.clone();
        self.engine.read(move |db| Ok(outlook::look_up(db, &seal, &request))).await
    }

    async fn apply_plans(
        &self,
        plans: Vec<Plan>,
    ) -> Result<Vec<Result<Option<RecordedEvent>, StoreError>>, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| Ok(work::invitations::apply_plans(view, &seal, &plans))).await
    }

    async fn lease_due(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::dispatch::lease_due(view, &seal, &request)).await
    }

    async fn settle(&self, requests: Arc<[Settlement]>) -> Result<Vec<Result<Invitation, StoreError>>, StoreError> {
        self.write(move |view| work::dispatch::settle(view, &requests)).await
    }

    async fn give_back(&self, request: GiveBack) -> Result<usize, StoreError> {
        self.write(move |view| work::leases::give_back(view, &request)).await
    }

    async fn expire_leases(&self, request: Expiry) -> Result<usize, StoreError> {
        self.write(move |view| work::dispatch::expire_leases(view, &request)).await
    }

    async fn close_windows(&self, now: DateTime<Utc>, n_max: usize) -> Result<usize, StoreError> {
        self.write(move |view| work::windows::close(view, now, n_max)).await
    }

    async fn spent(&self, day: NaiveDate, gateways: Vec<String>) -> Result<Vec<Spent>, StoreError> {
        let one = move |db: &dyn Reading, gateway: &String| work::gateway_days::read(db, day, gateway);
        let each = move |db: &dyn Reading| gateways.iter().map(|name| Ok(one(db, name)?.unwrap_or_default())).collect();
        self.engine.read(each).await
    }

    async fn next_due(&self, lane: Lane) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.engine.read(move |db| reads::next_due(db, lane)).await
    }

    async fn queue(&self) -> Result<[u64; 4], StoreError> {
        self.engine.read(reads::queue).await
    }

    async fn backlog(&self, now: DateTime<Utc>, n_max: usize) -> Result<Backlog, StoreError> {
        self.engine.read(move |db| backlog::backlog(db, now, n_max)).await
    }

    async fn invitation(&self, id: &InvitationId) -> Result<Option<Invitation>, StoreError> {
        let id = *id;
        self.engine.look(move |db| reads::invitation(db, &id)).await
    }

    async fn invitations_of(&self, contact: &ContactId) -> Result<Vec<Invitation>, StoreError> {
        let (contact, seal) = (contact.clone(), self.seal.clone());
        self.engine.read(move |db| reads::invitations_of(db, &seal, &contact)).await
    }

    async fn invitations_after(
        &self,
        after: Option<InvitationId>,
        n_max: usize,
    ) -> Result<Vec<Invitation>, StoreError> {
        self.engine.read(move |db| reads::invitations_after(db, after, n_max)).await
    }

    async fn unknown_after(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Invitation>, StoreError> {
        self.engine.read(move |db| reads::unknown_after(db, after, n_max)).await
    }

    async fn intervene(&self, request: Intervention) -> Result<Vec<Intervened>, StoreError> {
        let seal = self.seal.clone();
        if request.dry_run {
            return self.engine.read(move |db| work::interventions::preview(db, &seal, &request)).await;
        }
        self.write(move |view| work::interventions::intervene(view, &seal, &request)).await
    }

    async fn migrate_plans(&self, request: Migration) -> Result<Vec<Migrated>, StoreError> {
        let seal = self.seal.clone();
        if request.dry_run {
            return self.engine.read(move |db| work::migration::preview(db, &seal, &request)).await;
        }
        self.write(move |view| work::migration::migrate(view, &seal, &request)).await
    }

    async fn hold(&self, hold: Hold) -> Result<Hold, StoreError> {
        self.write(move |view| work::holds::hold(view, hold)).await
    }

    async fn release(&self, scopes: Vec<Scope>) -> Result<Vec<Hold>, StoreError> {
        self.write(move |view| work::holds::release(view, &scopes)).await
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.engine.read(reads::holds).await
    }

    async fn waiting_after(&self, after: Option<Vec<u8>>, n_max: usize) -> Result<WaitingPage, StoreError> {
        self.engine.read(move |db| reads::waiting_after(db, after, n_max)).await
    }

    async fn keep_surveys(&self, surveys: Vec<Survey>) -> Result<(), StoreError> {
        self.write(move |view| work::answers::keep_surveys(view, &surveys)).await
    }

    async fn survey(&self, version: SurveyVersion) -> Result<Option<Survey>, StoreError> {
        self.engine.look(move |db| reads::survey(db, version)).await
    }

    async fn refuse(&self, refusal: Refusal) -> Result<(), StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::answers::refuse(view, &seal, &refusal)).await
    }

    async fn suppressed(&self, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError> {
        self.engine.read(move |db| work::suppressions::one(db, mark)).await
    }

    async fn suppressed_after(&self, after: Option<[u8; 16]>, n_max: usize) -> Result<Vec<Suppressed>, StoreError> {
        self.engine.read(move |db| work::suppressions::after(db, after, n_max)).await
    }

    async fn suppress(&self, entries: Vec<([u8; 16], Suppression)>) -> Result<usize, StoreError> {
        self.write(move |view| work::suppressions::put_all(view, &entries)).await
    }

    async fn unsuppress(&self, mark: [u8; 16]) -> Result<Option<Suppressed>, StoreError> {
        self.write(move |view| work::suppressions::remove(view, mark)).await
    }

    async fn hear_text(&self, inbound: Inbound) -> Result<Understood, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::texts::hear(view, &seal, &inbound)).await
    }

    async fn hear(&self, heard: Heard) -> Result<Learnt, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::receipts::hear(view, &seal, &heard)).await
    }

    async fn inquired(&self, inquired: Inquired) -> Result<Learnt, StoreError> {
        self.write(move |view| work::receipts::inquired(view, &inquired)).await
    }

    async fn issue_cards(&self, cards: Vec<Card>) -> Result<(), StoreError> {
        self.write(move |view| work::cards::issue(view, &cards)).await
    }

    async fn card(&self, code: CardCode) -> Result<Option<Card>, StoreError> {
        self.engine.look(move |db| reads::card(db, code)).await
    }

    async fn cards_after(&self, after: Option<CardCode>, n_max: usize) -> Result<Vec<Card>, StoreError> {
        self.engine.read(move |db| reads::cards_after(db, after, n_max)).await
    }

    async fn revoke_card(&self, code: CardCode, now: DateTime<Utc>) -> Result<Card, StoreError> {
        self.write(move |view| work::cards::revoke(view, code, now)).await
    }

    async fn count_session(&self, cell: SurfaceCell) -> Result<(), StoreError> {
        let session = SurfaceTally { sessions: 1, ..SurfaceTally::default() };
        self.write(move |view| work::tallies::add_surface(view, &cell, session)).await
    }

    async fn tallies(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<(Cell, Tally)>, StoreError> {
        self.engine.read(move |db| reads::tallies(db, from, to)).await
    }

    async fn surface_tallies(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(SurfaceCell, SurfaceTally)>, StoreError> {
        self.engine.read(move |db| reads::surface_tallies(db, from, to)).await
    }

    async fn last_fire(&self, journey: &JourneyId, stage: &StageId) -> Result<Option<DateTime<Utc>>, StoreError> {
        let key = keys::fire(journey, stage);
        self.engine.read(move |db| reads::last_fire(db, &key)).await
    }

    async fn finish_fire(&self, journey: JourneyId, stage: StageId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(move |view| {
            view.put(keys::fire(&journey, &stage), at.timestamp_micros().to_be_bytes().to_vec());
            Ok(())
        })
        .await
    }

    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        let snapshots = Arc::clone(&self.snapshots);
        // Begun between two units of work, and looked at when those before are done.
        let kept = self.engine.write(move |_| Ok(snapshots.begin())).await?;
        Ok(rehearsal::snapshot(Arc::clone(&self.engine) as _, kept, self.seal.clone()))
    }

    async fn begin_dump(&self, now: DateTime<Utc>) -> Result<Dump, StoreError> {
        let walk = Walk::begin(&*self.engine).await?;
        let layout = self.engine.read(migrate::layout).await?.number;
        let about = About { layout, made_at: now, made_by: env!("CARGO_PKG_VERSION").to_owned() };
        Ok(Dump::of(walk, about))
    }

    async fn next_of_dump(&self, dump: &mut Dump) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(beginning) = dump.beginning() {
            return Ok(Some(beginning));
        }
        let part = dump.walk.step(&*self.engine).await?;
        Ok(dump.next(part))
    }

    async fn sizes(&self) -> Result<Sizes, StoreError> {
        self.sizes_with(None).await
    }

    async fn count(&self) -> Result<Sizes, StoreError> {
        let (mut from, mut raw) = (Some(Vec::new()), Raw::default());
        while let Some(begin) = from {
            let (pairs, next) = self.engine.read(move |db| walk::stretch(db, &begin)).await?;
            raw.count(&pairs);
            from = next;
        }
        self.sizes_with(Some(raw)).await
    }

    async fn compact(&self) -> Result<Compacted, StoreError> {
        let before_bytes = self.engine.disk_bytes().await?;
        let raw = self.engine.compact().await?;
        Ok(Compacted { before_bytes, after: self.sizes_with(Some(raw)).await? })
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.engine.close().await
    }
}
