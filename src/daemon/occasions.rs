//! What is known of the occasion that somebody is asked about, where a survey makes something of it.

use std::borrow::Cow;

use super::core::{Core, Live};
use crate::domain::contact::Contact;
use crate::domain::invitation::Invitation;
use crate::domain::place::Branch;
use crate::domain::survey::Survey;
use crate::domain::survey::occasion::Occasion;
use crate::store::StoreError;

/// The survey as it is for whom this invitation asks.
pub async fn tailored<'a>(
    core: &Core,
    live: &Live,
    survey: &'a Survey,
    (invitation, contact): (&Invitation, Option<&Contact>),
) -> Result<Cow<'a, Survey>, StoreError> {
    if !survey.depends_on_occasion() {
        return Ok(Cow::Borrowed(survey));
    }
    let event = match &invitation.event {
        Some(event) => core.store.event(event).await?,
        None => None,
    };
    let branch = invitation.branch.as_ref().and_then(|id| live.config.branches.get(id));
    let occasion = Occasion {
        name: contact.map(|contact| contact.name.clone()).unwrap_or_default(),
        contact: contact.map(|contact| contact.attributes.clone()).unwrap_or_default(),
        event: event.map(|recorded| recorded.event.data).unwrap_or_default(),
        branch: invitation.branch.clone(),
        branch_title: Some(branch.map(|branch| branch.title.clone()).unwrap_or_default()),
    };
    Ok(Cow::Owned(survey.on(&occasion)))
}

/// The survey as it is for whoever comes by at this branch.
pub fn tailored_to_branch<'a>(survey: &'a Survey, branch: &Branch) -> Cow<'a, Survey> {
    if !survey.depends_on_occasion() {
        return Cow::Borrowed(survey);
    }
    let (branch, branch_title) = (Some(branch.id.clone()), Some(branch.title.clone()));
    Cow::Owned(survey.on(&Occasion { branch, branch_title, ..Occasion::default() }))
}
