//! What a gateway costs, and how much of it a day may have.

use super::super::reader::Reader;
use super::Gateway;
use crate::domain::attempt::TEXT_SEGMENTS_MAX;
use crate::domain::price::{Price, PriceError};
use crate::plan::spend::DayLimit;

/// The most that a day may cost; more is a slip of the pen.
const DAY_MAX: u64 = 1_000_000;
/// Most segments of a day, likewise.
const SEGMENTS_MAX: i64 = 10_000_000;

/// What a declaration says of costs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Costs {
    /// Of one segment.
    price: Option<Price>,
    /// Of a day.
    limit: Option<DayLimit>,
}

impl Costs {
    /// Reads `price`, `daily_limit` and `daily_segments`.
    pub(super) fn read(table: &Reader<'_>) -> Self {
        let price = read_price(table, "price", Price::parse);
        let money = read_price(table, "daily_limit", |text| Price::parse_up_to(text, DAY_MAX));
        let segments = table
            .integer("daily_segments", i64::from(TEXT_SEGMENTS_MAX)..=SEGMENTS_MAX)
            .and_then(|n| u32::try_from(n).ok());
        if let Some(money) = money {
            check_limit(table, price, money);
        }
        let limit = DayLimit { segments, money, price };
        let is_limited = segments.is_some() || money.is_some();
        Self { price, limit: is_limited.then_some(limit) }
    }
}

fn read_price(table: &Reader<'_>, key: &str, parse: impl Fn(&str) -> Result<Price, PriceError>) -> Option<Price> {
    let price = parse(table.text(key)?);
    price.map_err(|err| table.problem(key, err.to_string())).ok()
}

/// A limit in money needs to know what a segment costs. As one in segments it has room for any message, or one that is too
/// long for every day would wait in the way of all others.
fn check_limit(table: &Reader<'_>, price: Option<Price>, money: Price) {
    let problem = match price {
        None if table.value("price").is_some() => return,
        None => format!(
            "`{money}` cannot be kept without the price of a segment: write for example `price = \"0.079 {}\"`",
            money.currency
        ),
        Some(price) if price.currency != money.currency => {
            format!("`{money}` is of another currency than `price`, `{price}`: write both in {}", price.currency)
        }
        Some(price) if price.millionths == 0 => {
            "it is never reached while `price` is nothing: write what a segment costs, or `daily_segments`".to_owned()
        }
        Some(price) if money.millionths < price.times(TEXT_SEGMENTS_MAX.into()).millionths => {
            let least = price.times(TEXT_SEGMENTS_MAX.into());
            format!(
                "`{money}` is less than one message of {TEXT_SEGMENTS_MAX} segments may cost: write `{least}` at least"
            )
        }
        Some(_) => return,
    };
    table.problem("daily_limit", problem);
}

impl Gateway {
    /// What a segment costs, where operations wrote it.
    pub fn price(&self) -> Option<Price> {
        self.costs.price
    }

    /// What may be spent by it on a day, where that is limited.
    pub fn day_limit(&self) -> Option<DayLimit> {
        self.costs.limit
    }
}
