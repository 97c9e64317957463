//! Statutory packs: the texts that this crate contains, and the words with which a document adopts them.

use policy::{Effect, LawPack, Mode};

use crate::context::{Context, clauses_of, terms_of};
use crate::mistake::Mistakes;
use crate::reader;
use crate::reader::{File, Located, Table, any_of};
use crate::rules::{self, Allowed};

/// Every pack, by its id.
const PACKS: [(&str, &str); 2] = [
    ("br-withdrawal", include_str!("../law/br-withdrawal.toml")),
    ("eu-withdrawal", include_str!("../law/eu-withdrawal.toml")),
];

/// The names of the packs.
pub(crate) fn names() -> Vec<&'static str> {
    PACKS.iter().map(|(name, _)| *name).collect()
}

/// Parses and checks one statutory pack. `file` is the name that mistakes carry.
pub fn parse_pack(file: &str, text: &str) -> Result<LawPack, Mistakes> {
    let file = File::new(file, text);
    let root = file.parse();
    let pack = root.as_ref().and_then(|root| pack(&file, file.root(root)));
    drop(root);
    file.finish(pack)
}

fn pack<'t>(file: &File<'t>, mut root: Table<'_, 't>) -> Option<LawPack> {
    let (clauses, ids) = clauses_of(&mut root, file);
    let context = Context::new(file, ids, terms_of(&mut root, file));
    let header = root.table("pack").and_then(|mut table| {
        let id = table.text("id");
        let version = table.text("version");
        let title = table.prose("title");
        let source = table.prose("source");
        table.finish();
        Some((id?.value, version?.value, title?, source?))
    });
    let rules = rules::rules(root.named_tables("rules"), &context, Allowed::Law);
    root.finish();
    for (clause, at) in &clauses {
        context.check_acted_on(clause, *at);
    }
    let (id, version, title, source) = header?;
    Some(LawPack {
        id,
        version,
        title,
        source,
        signed_by: None,
        clauses: clauses.into_iter().map(|(clause, _)| clause).collect(),
        terms: context.terms,
        rules,
    })
}

/// The packs that a document heeds: `[law.<pack>]` with the name of who signed the reading and whether the
/// machine may then decide by it.
pub(crate) fn law(tables: Vec<(Located<String>, Table<'_, '_>)>, context: &Context<'_, '_>) -> Vec<LawPack> {
    tables.into_iter().filter_map(|(id, table)| heeded(&id, table, context.file)).collect()
}

fn heeded(id: &Located<String>, mut table: Table<'_, '_>, file: &reader::File<'_>) -> Option<LawPack> {
    let signed_by = if table.has("signed_by") { table.prose("signed_by") } else { None };
    let mode = if table.has("mode") { table.choice("mode", Mode::SPELLINGS)? } else { Mode::Recommend };
    if mode == Mode::Auto && signed_by.is_none() {
        let place = table.locate("mode");
        place.mistake(file, "`auto` without a signature; expected `signed_by`, or `recommend`");
    }
    table.finish();
    let Some((_, text)) = PACKS.iter().find(|(known, _)| *known == id.value) else {
        id.mistake(file, format!("unknown statutory pack `{}`; expected {}", id.value, any_of(&names())));
        return None;
    };
    match parse_pack(&id.value, text) {
        Ok(mut pack) => {
            pack.signed_by = signed_by;
            for rule in &mut pack.rules {
                if let Effect::Grant(_, of_rule) = &mut rule.effect {
                    *of_rule = mode;
                }
            }
            Some(pack)
        }
        Err(mistakes) => {
            id.mistake(file, format!("the statutory pack has mistakes: {mistakes}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PACKS, parse_pack};

    #[test]
    fn every_pack_is_what_its_name_says() {
        for (id, text) in PACKS {
            let pack = parse_pack(id, text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert_eq!((pack.id.as_str(), pack.signed_by), (id, None));
        }
    }
}
