//! The part of the port that holds what customers say.

use async_trait::async_trait;
use chrono_tz::Tz;

use super::engine::Engine;
use super::shared::Shared;
use super::{InvitationAnswer, Recorded, StoreError, SurfaceAnswer, TapRelease, reads, work};
use crate::domain::id::{InvitationId, ResponseId};
use crate::domain::response::{Marking, Response};
use crate::domain::tap::{NotReleased, Tap, Taps};

/// Answers, and taps that may become answers. Each method is one whole unit of work, as those of [`Store`](super::Store).
#[async_trait]
pub trait Responses: Send + Sync {
    /// Stores or amends the answers to an invitation.
    async fn answer_invitation(&self, answer: InvitationAnswer) -> Result<Recorded, StoreError>;
    /// Stores or amends answers given at a surface.
    async fn answer_surface(&self, answer: SurfaceAnswer) -> Result<Recorded, StoreError>;
    /// Keeps a tap on a rating in a mail. Gives the taps of the invitation; `None` where it was answered already.
    async fn keep_tap(&self, invitation: InvitationId, tap: Tap) -> Result<Option<Taps>, StoreError>;
    /// The taps of an invitation.
    async fn taps(&self, invitation: &InvitationId) -> Result<Option<Taps>, StoreError>;
    /// Taps in the order of their invitations, after `after`, at most `n_max` invitations.
    async fn taps_after(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Taps>, StoreError>;
    /// Lets a tap count as an answer, or says why not.
    async fn release_tap(&self, release: TapRelease) -> Result<Result<Recorded, NotReleased>, StoreError>;
    /// Marks those of these responses that were given at surfaces, each counted on a day of its zone. Gives how many changed.
    async fn mark_responses(&self, responses: Vec<(ResponseId, Tz)>, marking: Marking) -> Result<usize, StoreError>;
    /// The response of that id.
    async fn response(&self, id: &ResponseId) -> Result<Option<Response>, StoreError>;
    /// Responses in the order of their ids, after `after`, at most `n_max`.
    async fn responses_after(&self, after: Option<ResponseId>, n_max: usize) -> Result<Vec<Response>, StoreError>;
}

#[async_trait]
impl<E: Engine> Responses for Shared<E> {
    async fn answer_invitation(&self, answer: InvitationAnswer) -> Result<Recorded, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::answers::answer_invitation(view, &seal, answer)).await
    }

    async fn answer_surface(&self, answer: SurfaceAnswer) -> Result<Recorded, StoreError> {
        self.write(move |view| work::answers::answer_surface(view, answer)).await
    }

    async fn keep_tap(&self, invitation: InvitationId, tap: Tap) -> Result<Option<Taps>, StoreError> {
        self.write(move |view| work::taps::keep(view, invitation, tap)).await
    }

    async fn taps(&self, invitation: &InvitationId) -> Result<Option<Taps>, StoreError> {
        let invitation = *invitation;
        self.engine.look(move |db| reads::taps(db, &invitation)).await
    }

    async fn taps_after(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Taps>, StoreError> {
        self.engine.read(move |db| reads::taps_after(db, after, n_max)).await
    }

    async fn release_tap(&self, release: TapRelease) -> Result<Result<Recorded, NotReleased>, StoreError> {
        let seal = self.seal.clone();
        self.write(move |view| work::taps::release(view, &seal, release)).await
    }

    async fn mark_responses(&self, responses: Vec<(ResponseId, Tz)>, marking: Marking) -> Result<usize, StoreError> {
        self.write(move |view| work::answers::mark(view, &responses, marking)).await
    }

    async fn response(&self, id: &ResponseId) -> Result<Option<Response>, StoreError> {
        let id = *id;
        self.engine.look(move |db| reads::response(db, &id)).await
    }

    async fn responses_after(&self, after: Option<ResponseId>, n_max: usize) -> Result<Vec<Response>, StoreError> {
        self.engine.read(move |db| reads::responses_after(db, after, n_max)).await
    }
}
