//! Stripe's lists, and what else its JSON is read into.

use serde::Deserialize;

pub(crate) use provider_wire::{Fault, List, Object, Scalar, money, required};

const A_LIST: &str = "a list of objects";

/// One page of a list of Stripe's: `{"object": "list", "data": […], "has_more": false}`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>, 'de: 'a"))]
pub(crate) struct Page<'a, T> {
    #[serde(default)]
    data: List<T>,
    #[serde(borrow, default)]
    has_more: Scalar<'a>,
}

/// What a page says of its list.
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    /// Whether the page is the whole list.
    pub(crate) complete: bool,
}

/// A list of Stripe's as a part of an object.
pub(crate) trait Pages<T> {
    /// Each item, made into a fact by `fact`.
    fn list<F>(self, field: &str, fact: impl Fn(T) -> Result<F, Fault>) -> Result<Option<Listed<F>>, Fault>;
}

impl<T> Pages<T> for Object<Page<'_, T>> {
    fn list<F>(self, field: &str, fact: impl Fn(T) -> Result<F, Fault>) -> Result<Option<Listed<F>>, Fault> {
        let Some(page) = self.read(field)? else { return Ok(None) };
        let complete = !page.has_more.flag(field)?.unwrap_or(false);
        let Some(items) = page.data.into_items() else {
            return Err(Fault::new(&format!("{field}.data"), A_LIST));
        };
        let items = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| fact(item).map_err(|fault| fault.within(&format!("{field}.data[{index}]"))))
            .collect::<Result<_, _>>()?;
        Ok(Some(Listed { items, complete }))
    }
}
