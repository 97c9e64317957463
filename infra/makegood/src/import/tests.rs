//! Files, their report, what is asked of the function, and the comparison.

use std::cell::RefCell;
use std::path::PathBuf;

use clap::Parser as _;
use ledger::contract::{at, grant, run};
use ledger::{AccountId, Command};
use serde_json::{Value, json};

use super::joined::Files;
use super::{compare, files, move_in, report};
use crate::Arguments;
use crate::arguments::{Command as Asked, ImportCommand, RunImportArguments};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::story::Stage;

/// 2026-12-01.
const NOW_S: u64 = 30 * 86_400;

/// A folder of this test alone, with these files.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, contents: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("makegood-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in contents {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn read(&self, names: &[&str]) -> Files {
        files::read(&names.iter().map(|name| self.0.join(name)).collect::<Vec<_>>()).unwrap()
    }

    fn arguments(&self, line: &str) -> RunImportArguments {
        let words =
            format!("makegood import run {line} --refused {}", self.0.join("refused.jsonl").display());
        match Arguments::try_parse_from(words.split(' ')).unwrap().command {
            Asked::Import(ImportCommand::Run(arguments)) => arguments,
            _ => panic!("the line is of `import run`"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

const CSV: [(&str, &str); 6] = [
    ("accounts.csv", "account,as_of\na,2026-11-28T22:00:00Z\nb,2026-11-28T22:00:00Z\n"),
    ("customers.csv", "account,customer\na,cus_a\nb,cus_b\n"),
    (
        "subscriptions.csv",
        "account,id,price,status,period_ends_at\na,sub_a,price_premier_monthly,active,2026-12-20T10:00:00Z\n",
    ),
    (
        "payments.csv",
        "account,id,price,amount_minor,currency,charged_at,credits,names,billing_country\n\
         a,pi_a,price_pack_500,900,usd,2026-10-01T10:00:00Z,500,ch_a cs_a,DE\n\
         b,pi_b,price_pack_100,900,usd,2026-10-01T10:00:00Z,100,,\n",
    ),
    ("refunds.csv", "account,payment,id,amount_minor,made_at\na,pi_a,re_a,90,2026-10-02T10:00:00Z\n"),
    (
        "lots.csv",
        "account,kind,product,payment,granted,left,revoked\na,pack,music-studio,pi_a,500,300,50\n\
         b,compensation,music-studio,,40,40,\n",
    ),
];

fn report_of(files: &Files) -> (CommandOutcome, String) {
    let mut output = Vec::new();
    let found = report::check(files, at(NOW_S), &mut output).unwrap();
    (found, String::from_utf8(output).unwrap())
}

#[test]
fn files_of_csv_are_joined_and_reported() {
    let folder = Folder::with("csv", &CSV);
    let files = folder.read(&CSV.map(|(name, _)| name));
    let (found, shown) = report_of(&files);
    assert_eq!(found, CommandOutcome::Sound);
    insta::assert_snapshot!(shown, @r#"
      2  accounts that fit
      2  customers
      1  subscriptions
      2  payments
      1  refunds
      3  lots

      product       granted  left
      music-studio      640   340

      currency       paid  refunded
      usd       18.00 USD  0.90 USD

    Everything fits. Nothing was written.
    "#);
    // The same as JSON lines.
    let lines: Vec<String> =
        files.accounts.iter().map(|joined| serde_json::to_string(&joined.line).unwrap()).collect();
    let folder = Folder::with("jsonl", &[("all.jsonl", &lines.join("\n"))]);
    assert_eq!(report_of(&folder.read(&["all.jsonl"])).1, shown);
}

/// The files of `docs/IMPORT.md`, as they stand there.
#[test]
fn the_files_of_the_page_fit() {
    const PAGE: &str = include_str!("../../../../docs/IMPORT.md");
    let blocks = PAGE.split("```csv\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let names = CSV.map(|(name, _)| name);
    let contents: Vec<(&str, &str)> = names.into_iter().zip(blocks).collect();
    let folder = Folder::with("page", &contents);
    let (found, shown) = report_of(&folder.read(&names));
    assert_eq!(found, CommandOutcome::Sound, "{shown}");
    assert_eq!(contents.len(), 6);
}

#[test]
fn what_does_not_fit_is_named_with_its_file_line_and_field() {
    let folder = Folder::with(
        "unfit",
        &[
            (
                "some.jsonl",
                concat!(
                    r#"{"account":"a","as_of":"2026-11-28T22:00:00Z","customers":["cus_a"]}"#,
                    "\n\n",
                    r#"{"account":"b","as_of":"2026-11-28T22:00:00Z","customers":["cus_a"],"balance":7}"#,
                    "\n",
                    r#"{"account":"c","as_of":"2026-11-28T22:00:00Z","customers":["cus_a"]}"#,
                ),
            ),
            (
                "lots.csv",
                "account,kind,product,granted,left\na,compensation,music-studio,40,40\n\
                 a,compensation,music-studio,40,41\na,compensation,music-studio,forty,40\n\
                 a,gift,music-studio,40,40\na,compensation,40\n",
            ),
            ("things.csv", "account\na\n"),
        ],
    );
    let (found, shown) = report_of(&folder.read(&["some.jsonl", "lots.csv", "things.csv"]));
    assert_eq!(found, CommandOutcome::Fault);
    // What serde says lists every member.
    let cut = |line: &str| line.chars().take(96).collect::<String>().trim_end().to_owned();
    let shown = shown.lines().map(cut).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(shown, @r#"
      0  accounts that fit
      0  customers
      0  subscriptions
      0  payments
      0  refunds
      0  lots

      product  granted  left

      currency  paid  refunded

    2 accounts do not fit, with 7 mistakes. Nothing was written.

      where              field          expected
      some.jsonl line 3  #/balance      unknown field `balance`, expected one of `account`, `as_of`,
      lots.csv line 4    granted        a whole number
      lots.csv line 5    row            unknown variant `gift`, expected one of `pack`, `subscriptio
      lots.csv line 6    row            5 columns
      things.csv line 1  file name      a name that begins with accounts, customers, subscriptions,
      some.jsonl line 1  #              an account whose lines all have its form: one of them is nam
      some.jsonl line 4  #/customers/0  a customer that no other account of the files has
    "#);
}

fn batch(request: &Value) -> Vec<String> {
    let accounts = request["import"]["accounts"].as_array().unwrap();
    accounts.iter().map(|line| line["account"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn accounts_go_to_the_function_in_batches_and_refusals_into_a_file() {
    let lines: Vec<String> = (0..60)
        .map(|index| format!(r#"{{"account":"a{index}","as_of":"2026-11-28T22:00:00Z"}}"#))
        .chain([r#"{"account":"bad","as_of":"yesterday"}"#.to_owned()])
        .collect();
    let folder = Folder::with("run", &[("all.jsonl", &lines.join("\n"))]);
    let files = folder.read(&["all.jsonl"]);
    let asked = RefCell::new(Vec::new());
    // Account 7 is there already, account 30 is in use, and the first call of all fails.
    let ask = async |request: Value| {
        let accounts = batch(&request);
        let is_first = asked.borrow().is_empty();
        asked.borrow_mut().push(accounts.len());
        if is_first {
            return Err(Failure::FunctionFailed("an account could not be written".to_owned()));
        }
        let answers = accounts.iter().map(|account| match account.as_str() {
            "a7" => json!({"outcome": "repeated"}),
            "a30" => json!({
                "outcome": "refused", "reason": "account_in_use",
                "mistakes": [{"pointer": "#/account", "expected": "another one"}]
            }),
            _ => json!({"outcome": "written"}),
        });
        Ok(serde_json::from_value(json!({"accounts": answers.collect::<Vec<_>>()})).unwrap())
    };
    let arguments = folder.arguments("all.jsonl --id weekend --from-line 3 --parallel 1");
    let (mut output, mut progress) = (Vec::new(), Vec::new());
    let found = move_in::run(&files, &arguments, at(NOW_S), ask, &mut output, &mut progress).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    assert_eq!(*asked.borrow(), [25, 25, 25, 8]);
    assert_eq!(String::from_utf8(progress).unwrap(), "58 of 58 accounts, 2 refused\n");
    let refused = std::fs::read_to_string(folder.0.join("refused.jsonl")).unwrap();
    let refused: Vec<&str> = refused.lines().collect();
    assert_eq!(refused, [lines[60].as_str(), lines[30].as_str()]);
    let shown = String::from_utf8(output).unwrap().replace(&folder.0.display().to_string(), "…");
    insta::assert_snapshot!(shown, @r#"
    56 accounts are imported, 1 was there before, 2 refused.
    `…/refused.jsonl` has what was refused; correct it and run it again.

      where              field      expected
      all.jsonl line 61  #/as_of    an instant like `2026-11-28T22:00:00Z`
      all.jsonl line 31  #/account  account_in_use: expected another one
    "#);
}

#[tokio::test]
async fn nothing_is_imported_while_a_line_does_not_say_of_which_account_it_is() {
    let line = r#"{"account":"a","as_of":"2026-11-28T22:00:00Z"}"#;
    let folder = Folder::with("nameless", &[("all.jsonl", &format!("{line}\n{{\"account\":"))]);
    let files = folder.read(&["all.jsonl"]);
    let ask = async |_| panic!("nothing is asked");
    let arguments = folder.arguments("all.jsonl --id weekend");
    let (mut output, mut progress) = (Vec::new(), Vec::new());
    let found = move_in::run(&files, &arguments, at(NOW_S), ask, &mut output, &mut progress).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    assert!(String::from_utf8(output).unwrap().starts_with("Nothing is imported"));
}

#[tokio::test]
async fn an_answer_for_other_accounts_than_were_asked_for_ends_the_import() {
    let folder = Folder::with("other", &[("all.jsonl", r#"{"account":"a","as_of":"2026-11-28T22:00:00Z"}"#)]);
    let files = folder.read(&["all.jsonl"]);
    let ask = async |_| Ok(serde_json::from_value(json!({"accounts": []})).unwrap());
    let arguments = folder.arguments("all.jsonl --id weekend");
    let (mut output, mut progress) = (Vec::new(), Vec::new());
    let ended = move_in::run(&files, &arguments, at(NOW_S), ask, &mut output, &mut progress).await;
    assert!(matches!(ended, Err(Failure::Unanswered { asked: 1, answered: 0 })));
}

#[tokio::test]
async fn balances_are_compared_by_account_and_product() {
    let stage = Stage::empty().await;
    for (account, payment, credits) in [("same", "pi_1", 40), ("less", "pi_2", 39)] {
        let account = AccountId::new(account).unwrap();
        let command = Command::Grant(grant(&account, payment, credits, None));
        run(&stage.tables, &account, &command, at(0)).await;
    }
    let lot = r#"{"kind":"compensation","product":"music-studio","granted":40,"left":40}"#;
    let expired = r#"{"kind":"compensation","product":"music-studio","granted":40,"left":40,
        "expires_at":"2026-11-30T00:00:00Z"}"#
        .replace('\n', "");
    let line = |account: &str, lots: &str| {
        format!(r#"{{"account":"{account}","as_of":"2026-11-28T22:00:00Z","lots":[{lots}]}}"#)
    };
    let both = format!("{lot},{expired}");
    let text = [line("same", &both), line("less", lot), line("none", lot), line("bad", "{}")].join("\n");
    let folder = Folder::with("compare", &[("all.jsonl", &text)]);
    let (mut output, mut progress) = (Vec::new(), Vec::new());
    let files = folder.read(&["all.jsonl"]);
    let found = compare::run(&stage.tables, &files, at(NOW_S), &mut output, &mut progress).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    insta::assert_snapshot!(String::from_utf8(output).unwrap(), @r#"
    3 accounts were compared; 2 differ, 1 of them missing in the ledger.

      account  product       file   ledger
      less     music-studio    40       39
      none     music-studio    40  missing

    Not compared, because it does not fit:

      where             field     expected
      all.jsonl line 4  #/lots/0  missing field `kind`
    "#);
    let folder = Folder::with("alike", &[("all.jsonl", &line("same", lot))]);
    let (files, mut output) = (folder.read(&["all.jsonl"]), Vec::new());
    let found = compare::run(&stage.tables, &files, at(NOW_S), &mut output, &mut progress).await.unwrap();
    assert_eq!(found, CommandOutcome::Sound);
}
