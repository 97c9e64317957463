//! A whole document: the header, its parts, and the checks that need all of them.

use std::collections::BTreeSet;

use policy::{Document, Intake, OnDispute};

use crate::context::{Context, check_id, clauses_of, ids, terms_of};
use crate::grammar::Grammar;
use crate::mistake::Mistakes;
use crate::reader::{File, Table};
use crate::rules::{self, Allowed};
use crate::{law, parts, staffing};

/// Parses and checks one document. `file` is the name that mistakes carry.
pub fn parse_document(file: &str, text: &str) -> Result<Document, Mistakes> {
    let file = File::new(file, text);
    let root = file.parse();
    let document = root.as_ref().and_then(|root| document(&file, file.root(root)));
    drop(root);
    file.finish(document)
}

/// What the reader asks of a whole document.
pub(crate) fn grammar_of(text: &str) -> Result<Grammar, Mistakes> {
    let file = File::new("specimen.toml", text);
    let root = file.parse();
    let document = root.as_ref().and_then(|root| document(&file, file.root(root)));
    let grammar = file.grammar();
    drop(root);
    file.finish(document).map(|_| grammar)
}

struct Header {
    id: String,
    version: String,
    title: String,
    source: String,
    announced_at_ms: i64,
    in_force_from_ms: i64,
    material: bool,
    material_reason: String,
    notice_s: Option<u64>,
    products: Vec<String>,
    version_clause: Option<String>,
}

fn document<'t>(file: &File<'t>, mut root: Table<'_, 't>) -> Option<Document> {
    let (clauses, clause_ids) = clauses_of(&mut root, file);
    let context = Context::new(file, clause_ids, terms_of(&mut root, file));
    let header = root.table("document").map(|table| header(table, &context));
    let products: BTreeSet<String> =
        header.iter().flatten().flat_map(|header| header.products.iter().cloned()).collect();
    let credits = root.table("credits").map(|table| parts::credits(table, &context));
    let failures = root.table("failures").and_then(|table| parts::failures(table, None, &context));
    let operation_tables = root.named_tables("operations");
    let operation_ids = ids(&operation_tables);
    let operations = parts::operations(operation_tables, &context, failures.as_ref(), credits.as_ref());
    let empty_success = parts::empty_success(root.named_tables("empty_success"), &context, &operation_ids);
    let results = parts::results(root.named_tables("results"), &context, &operation_ids);
    let offer_tables = root.named_tables("offers");
    let offer_ids = ids(&offer_tables);
    let offers = parts::offers(offer_tables, &context);
    let service_levels = parts::service_levels(root.named_tables("clocks"), &context, &products);
    let leftover = root.optional_table("leftover").map(|table| parts::leftover(table, &context));
    let cancellations = parts::cancellations(root.named_tables("cancellation"), &context, &products);
    let plan_change = root.optional_table("plan_change").map(|table| parts::plan_change(table, &context));
    let on_refund = root.table("on_refund").and_then(|table| parts::on_refund(table, &context));
    let door = root.table("door").and_then(|table| parts::door(table, &context));
    let intake = root.optional_table("intake").map(|table| staffing::intake(table, &context));
    let provider = root.optional_table("provider").map(|table| staffing::provider(table, &context));
    let duplicates = root.optional_table("duplicates").map(|table| staffing::duplicates(table, &context));
    let downloads =
        root.optional_table("downloads").map(|table| staffing::downloads(table, &context, &products));
    let review = staffing::review(root.named_tables("review"), &context, &products);
    let approval = root.optional_table("approval").map(|table| staffing::approval(table, &context));
    let calendar = root.optional_table("calendar").map(|table| staffing::calendar(table, &context));
    root.held_to("law", &law::names());
    let law = law::law(root.named_tables("law"), &context);
    let allowed = Allowed::Policy { offers: &offer_ids, products: &products, review: &review };
    let rule_tables = root.named_tables("rules");
    let rule_ids = ids(&rule_tables);
    let rules = rules::rules(rule_tables, &context, allowed);
    let on_dispute = root.optional_table("on_dispute");
    let on_dispute = on_dispute.map(|table| parts::on_dispute(table, &context, &rule_ids));
    let conflicts = staffing::conflicts(root.named_tables("conflicts"), &context, &rules);
    let gaps = staffing::gaps(root.named_tables("gaps"), &context);
    let service_levels = parts::with_calendar(service_levels, calendar.is_some(), &context);
    root.finish();
    if let (Some(door), Some(Some((Intake { address: Some(address), .. }, place)))) = (&door, &intake)
        && !door.text.contains(address.as_str())
    {
        let problem = format!("the door does not name it; expected `{address}` in `door.text`");
        place.mistake(file, problem);
    }
    for (clause, at) in &clauses {
        context.check_acted_on(clause, *at);
    }
    let (header, credits) = (header??, credits?);
    let (on_refund, on_refund_clauses) = on_refund?;
    Some(Document {
        id: header.id,
        version: header.version,
        title: header.title,
        source: header.source,
        announced_at_ms: header.announced_at_ms,
        in_force_from_ms: header.in_force_from_ms,
        material: header.material,
        material_reason: header.material_reason,
        notice_s: header.notice_s,
        products: header.products,
        version_clause: header.version_clause?,
        clauses: clauses.into_iter().map(|(clause, _)| clause).collect(),
        terms: context.terms,
        rules,
        operations,
        failures: failures?,
        empty_success,
        results,
        late_success: credits.late_success?,
        hold_deadline_s: credits.hold_deadline_s?,
        offers,
        service_levels,
        leftover: leftover.flatten(),
        cancellations,
        plan_change: plan_change.unwrap_or_default(),
        on_refund,
        on_renewal: credits.on_renewal?,
        on_upgrade: credits.on_upgrade?,
        on_dispute: on_dispute.unwrap_or_else(|| Some(OnDispute::default()))?,
        on_outside_refund: credits.on_outside_refund,
        on_refund_clauses,
        door: door?,
        intake: intake.flatten().map(|(intake, _)| intake),
        provider: provider.flatten(),
        review,
        approval: approval.flatten(),
        calendar: calendar.flatten(),
        conflicts,
        duplicates_within_s: duplicates.flatten(),
        downloads_reported: downloads.unwrap_or_default(),
        gaps,
        law,
    })
}

fn header(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Header> {
    let id = table.text("id");
    if let Some(id) = &id {
        check_id(id, context.file);
    }
    let version = table.text("version");
    let title = table.prose("title");
    let source = table.prose("source");
    let announced = table.day("announced");
    let in_force = table.day("in_force");
    let material = table.flag("material");
    let material_reason = table.prose("material_reason");
    let notice = table.has("notice").then(|| context.seconds(&mut table, "notice"));
    let products: Vec<String> = table.texts("products").into_iter().map(|product| product.value).collect();
    let version_clause = context.clause(&mut table, "version_clause");
    table.finish();
    let (announced, in_force, material) = (announced?, in_force?, material?);
    if material && notice.is_none() {
        let problem = "a material version without `notice`; expected the term of how long it is announced in \
                       advance";
        in_force.mistake(context.file, problem);
    }
    let notice_s = notice.flatten();
    if let (true, Some(notice_s)) = (material, notice_s) {
        let length_ms = i64::try_from(notice_s).ok().and_then(|seconds| seconds.checked_mul(1_000));
        let earliest = length_ms.and_then(|length| announced.value.1.checked_add(length));
        if earliest.is_none_or(|earliest| in_force.value.1 < earliest) {
            let days = notice_s.checked_div(86_400).unwrap_or_default();
            let problem = format!(
                "a material version comes into force too early after its announcement on {}; expected at \
                 least {days} days",
                announced.value.0
            );
            in_force.mistake(context.file, problem);
        }
    }
    Some(Header {
        id: id?.value,
        version: version?.value,
        title: title?,
        source: source?,
        announced_at_ms: announced.value.1,
        in_force_from_ms: in_force.value.1,
        material,
        material_reason: material_reason?,
        notice_s,
        products,
        version_clause,
    })
}
