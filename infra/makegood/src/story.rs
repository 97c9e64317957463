//! A story for tests: a pack and a subscription are bought, a generation fails, and a renewal that was
//! charged after the cancellation is refunded. Commands run as an operator types them, on tables in process.

use clap::Parser as _;
use lambda::aws::SdkSettings;
use lambda::config::Env;
use ledger::contract::{at, grant, place, run, settle};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, Credits, Ending, LedgerStore as _, Order, PaymentStore as _,
    PolicyRef, Prepared, RefundRequestId, ReleaseReason, Takes, prepare,
};
use ledger_dynamodb::{Policies, Publication, PublishOutcome, Tables, in_process};
use policy::{Decision, Document, Fact, Facts, Reason, decide};
use refunds::{
    Case, PayoutIntent, RefundRequest, RefundSighting, RefundStatus, RefundedSum, RequestStore as _, Save,
    SaveOutcome, SightingOutcome, request_id,
};

use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::{Arguments, carry_out};

/// The account of the story.
pub(crate) const ACCOUNT: &str = "cus-1";
/// The idempotency key of the story's request.
const KEY: &str = "key-1";

/// Tables in process and the environment that leads a command to them.
pub(crate) struct Stage {
    pub(crate) tables: Tables,
    env: Env,
}

impl Stage {
    /// Tables without accounts, in which the examples of policies are published.
    pub(crate) async fn empty() -> Self {
        let stage = Self::unpublished().await;
        let versions: Vec<Publication<Document>> = (1..)
            .zip(examples::documents().iter().cloned())
            .map(|(number, content)| Publication {
                number,
                content,
                hash: "of the file".to_owned(),
                author: "ann".to_owned(),
                at: at(0),
            })
            .collect();
        let policies = Policies::new(stage.client(), "policies");
        assert_eq!(policies.publish_documents(&versions).await.unwrap(), PublishOutcome::Written);
        stage
    }

    /// Tables with nothing in them.
    pub(crate) async fn unpublished() -> Self {
        let (tables, _, endpoint) = in_process::tables_with_endpoint().await;
        let env = Env::of([
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("LEDGER_TABLE", "ledger"),
            ("REQUESTS_TABLE", "requests"),
            ("ANCHORS_TABLE", "anchors"),
            ("POLICIES_TABLE", "policies"),
            ("USER", "ann"),
        ]);
        Self { tables, env }
    }

    /// Tables after the story.
    pub(crate) async fn after_story() -> Self {
        let stage = Self::empty().await;
        run_story(&stage.tables).await;
        stage
    }

    /// What a command finds, prints and reports meanwhile.
    pub(crate) async fn command(&self, line: &str) -> (CommandOutcome, String, String) {
        let words: Vec<&str> = std::iter::once("makegood").chain(line.split(' ')).collect();
        self.tried(&words).await.unwrap()
    }

    /// As [`Stage::command`], for one that may not be able to do its work.
    pub(crate) async fn tried(&self, words: &[&str]) -> Result<(CommandOutcome, String, String), Failure> {
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let arguments = Arguments::try_parse_from(words).unwrap();
        let found = carry_out(&arguments.command, &self.env, &mut output, &mut progress).await?;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ok((found, text(output), text(progress)))
    }

    /// A stored request.
    pub(crate) async fn request(&self, id: &RefundRequestId) -> RefundRequest {
        self.tables.request(id).await.unwrap().unwrap()
    }

    /// A client that changes the tables behind the ledger's back.
    pub(crate) fn client(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(&self.env).unwrap().sdk_config())
    }
}

/// Runs the story up to the refund's confirmation.
pub(crate) async fn run_story(tables: &Tables) -> RefundRequest {
    let account = AccountId::new(ACCOUNT).unwrap();
    for (payment, credits, subscription) in [("pi_pack", 100, None), ("pi_pro", 500, Some("sub_pro"))] {
        order(tables, &account, &Command::Grant(grant(&account, payment, credits, subscription))).await;
    }
    order(tables, &account, &place("gen-1", 12)).await;
    order(tables, &account, &settle("gen-1", Ending::Failed(ReleaseReason::Failed))).await;
    order(tables, &account, &place("gen-2", 30)).await;
    order(tables, &account, &settle("gen-2", Ending::Succeeded)).await;
    refund(tables, &account).await
}

async fn order(tables: &Tables, account: &AccountId, command: &Command) {
    let answer = run(tables, account, command, at(0)).await;
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
}

async fn refund(tables: &Tables, account: &AccountId) -> RefundRequest {
    let payment = tables.payment(&"pi_pro".parse().unwrap()).await.unwrap().unwrap();
    let mut request = RefundRequest::open(
        (request_id(account, KEY), account.clone()),
        Actor::Customer,
        case(),
        document(),
        at(60),
    );
    request.keep_time(Some(document()));
    let amount = request.granted_money().unwrap();
    let command = Command::Revoke { payment: payment.id.clone(), takes: Takes::Remaining, owe_spent: false };
    let order = Order {
        account,
        command: &command,
        cause: Cause::RefundRequest(request.id.as_str().to_owned()),
        actor: Actor::Policy,
        policy: Some(PolicyRef {
            document: request.case.decision.document.clone(),
            version: request.case.decision.version.clone(),
        }),
        records: Vec::new(),
    };
    let head = tables.head(account).await.unwrap();
    let prepared = prepare(tables, &order, head.as_ref(), at(60)).await.unwrap();
    let Prepared::Commit(commit, _) = prepared else { panic!("the lot is there to be revoked") };
    let intent = PayoutIntent {
        payment: payment.id.clone(),
        provider: payment.provider,
        amount,
        by_hand: false,
        ends: None,
    };
    request.record_payout_intent(intent, at(60));
    request.revoked(Credits::new(470).unwrap(), Credits::ZERO);
    let refunded = RefundedSum::raise(&payment, amount);
    let approval = Save { request: request.clone(), commit: Some(*commit), refunded };
    assert_eq!(tables.save(&approval).await.unwrap(), SaveOutcome::Written);
    request.ask(0, at(61), false).unwrap();
    save(tables, &mut request).await;
    let seen = RefundSighting {
        id: "re_1".parse().unwrap(),
        payment: "pi_pro".parse().unwrap(),
        amount,
        status: RefundStatus::Succeeded,
        failure: None,
    };
    assert_eq!(request.observe(&seen, at(70)), SightingOutcome::Moved);
    save(tables, &mut request).await;
    tables.request(&request.id).await.unwrap().unwrap()
}

/// Writes the next version of a request as it is, without checking its steps.
pub(crate) async fn save(tables: &Tables, request: &mut RefundRequest) {
    request.count_save();
    let save = Save { request: request.clone(), commit: None, refunded: None };
    assert_eq!(tables.save(&save).await.unwrap(), SaveOutcome::Written);
}

fn case() -> Case {
    let (facts, decision) = charged_after_cancellation();
    Case {
        occasion: None,
        payment: Some("pi_pro".parse().unwrap()),
        generation: None,
        reason: Reason::ChargedAfterCancellation,
        note: "I had cancelled\u{1b}[2J weeks before.".to_owned(),
        fingerprint: [0; 32],
        facts,
        decision,
    }
}

/// The story's request.
pub(crate) fn request() -> RefundRequestId {
    request_id(&AccountId::new(ACCOUNT).unwrap(), KEY)
}

/// When the story's payments are charged.
pub(crate) fn charged_ms() -> i64 {
    at(0).as_ms()
}

/// A renewal that was charged after the cancellation was confirmed (`S2-16`).
pub(crate) fn charged_after_cancellation() -> (Facts, Decision) {
    let mut facts = Facts::new();
    for (fact, yes) in [
        (Fact::PaymentNamed, true),
        (Fact::GenerationNamed, false),
        (Fact::PaymentDisputed, false),
        (Fact::CancellationConfirmed, true),
    ] {
        facts.set(fact, yes).unwrap();
    }
    for (fact, instant) in [
        (Fact::RequestedAt, at(60)),
        (Fact::PaymentChargedAt, at(0)),
        (Fact::PeriodStartsAt, at(0)),
        (Fact::CancellationConfirmedAt, ledger::Timestamp::parse("2026-10-10T00:00:00Z").unwrap()),
        (Fact::CancellationEffectiveAt, ledger::Timestamp::parse("2026-10-31T00:00:00Z").unwrap()),
    ] {
        facts.set(fact, instant.as_ms()).unwrap();
    }
    for (fact, word) in [
        (Fact::PaymentKind, "subscription"),
        (Fact::BillingReason, "subscription_cycle"),
        (Fact::Currency, "usd"),
    ] {
        facts.set(fact, word).unwrap();
    }
    facts.set_quantity(Fact::AmountPaid, 1000).unwrap();
    facts.set_quantity(Fact::AmountRefunded, 0).unwrap();
    let decision = decide(document(), &facts, Reason::ChargedAfterCancellation, at(60).as_ms());
    (facts, decision)
}

fn document() -> &'static policy::Document {
    examples::documents().version("music-studio", "2026-05-02").unwrap()
}
