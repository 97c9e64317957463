//! What the sweep does to lots, holds and markers.

use expiry_sweep::{AHEAD_MAX_S, SweptTime, TickError};
use futures_util::future::join_all;
use lambda::Invocation;
use ledger::contract::{at, expire, grant, place, run};
use ledger::{Actor, Answer, Cause, Command, ProductId, Rejection, SubscriptionId, Timestamp};
use serde_json::json;

use crate::scene::{DAY_S, Scene, id, tick};

#[tokio::test]
async fn h1_s2_26_left_over_credits_expire_60_days_after_the_end_and_packs_never() {
    let scene = Scene::new().await;
    scene.grant("a", "pi_pack", None, at(0)).await;
    scene.ended("a", at(0)).await;
    // Run for days to come, as the demo does.
    for (second, done, left) in [
        (59 * DAY_S, 0, 200),
        (60 * DAY_S - 1, 0, 200),
        (60 * DAY_S, 1, 100),
        (60 * DAY_S + 1, 0, 100),
        (61 * DAY_S, 0, 100),
    ] {
        let status = scene.run_for(at(second), at(10)).await.unwrap();
        assert_eq!((status.done, status.failed, scene.unexpired("a").await), (done, 0, left), "{second}");
    }
    let journal = scene.journal("a").await;
    let entry = journal.last().unwrap();
    assert_eq!((entry.cause(), entry.actor()), (&Cause::Sweep(at(60 * DAY_S)), &Actor::Schedule));
    assert_eq!(entry.policy().map(|policy| policy.document.as_str()), Some("music-studio"));
    // Unusable from its expiry on, also before a run has written it.
    let before = &journal[journal.len() - 2];
    for (second, available) in [(60 * DAY_S - 1, 200), (60 * DAY_S, 100)] {
        assert_eq!(before.after().balance(at(second)).unwrap().available.get(), available, "{second}");
    }
}

#[tokio::test]
async fn s2_3_a_lost_message_gives_the_credits_back_within_the_hour() {
    for offset_s in [0, 1, 60, 150, 299] {
        let scene = Scene::new().await;
        scene.grant("a", "pi_1", None, at(0)).await;
        scene.hold("a", "g1", at(offset_s)).await;
        let mut released_after_s = None;
        for second in (0..7200).step_by(300) {
            scene.run(at(second)).await;
            if released_after_s.is_none() && scene.balance("a", at(second)).await == (100, 0) {
                released_after_s = Some(second - offset_s);
            }
        }
        let released_after_s = released_after_s.unwrap();
        assert!((3000..3600).contains(&released_after_s), "{offset_s}: {released_after_s}");
        assert_eq!(scene.markers().await, [], "nothing is due any more");
    }
}

#[tokio::test]
async fn h5_runs_at_once_late_and_skipped_lead_to_the_same_ledger() {
    let mut journals = Vec::new();
    for runs in [
        vec![vec![3300]],
        vec![vec![3300, 3300, 3300]],
        vec![vec![90_000]],
        vec![vec![259_200]],
        vec![vec![3000], vec![3300], vec![3300], vec![7200]],
    ] {
        let scene = Scene::new().await;
        for name in ["a", "b", "c"] {
            scene.grant(name, &format!("pi_{name}"), None, at(0)).await;
            scene.hold(name, "g1", at(10)).await;
        }
        let mut done = 0;
        for at_once in runs {
            let statuses = join_all(at_once.iter().map(|second| scene.run(at(*second)))).await;
            assert!(statuses.iter().all(|status| status.failed == 0), "{statuses:?}");
            done += statuses.iter().map(|status| status.done).sum::<u64>();
        }
        // Runs at once may each take one and the same entry for their own.
        assert!(done >= 3, "{done}");
        let mut changes = Vec::new();
        for name in ["a", "b", "c"] {
            assert_eq!(scene.balance(name, at(7200)).await, (100, 0));
            changes.push(
                scene.journal(name).await.iter().map(|entry| entry.changes().to_vec()).collect::<Vec<_>>(),
            );
        }
        assert_eq!(scene.markers().await, []);
        journals.push(changes);
    }
    assert!(journals.windows(2).all(|pair| pair[0] == pair[1]), "{journals:#?}");
}

#[tokio::test]
async fn h4_a_hold_that_races_with_the_expiry_of_its_lot_wins_or_loses_whole() {
    let scene = Scene::new().await;
    for round in 0..10 {
        let name = format!("a{round}");
        scene.ended(&name, at(0)).await;
        let (account, placing) = (id(&name), place("g1", 10));
        let (_, answer) = tokio::join!(
            scene.run(at(60 * DAY_S)),
            run(&scene.tables, &account, &placing, at(60 * DAY_S - 1)),
        );
        let (held, expired) = match answer {
            Answer::Written { .. } => (10, 90),
            Answer::Refused(Rejection::NotEnough { .. }) => (0, 100),
            other => panic!("{other:?}"),
        };
        scene.run(at(60 * DAY_S)).await;
        let journal = scene.journal(&name).await;
        let lot = &journal.last().unwrap().after().lots[0];
        assert_eq!((lot.held.get(), lot.expired.get(), lot.available.get()), (held, expired, 0), "{round}");
    }
}

#[tokio::test]
async fn months_come_within_the_tick_of_their_day_and_all_at_once_after_a_time_without_a_sweep() {
    let scene = Scene::new().await;
    for name in ["a", "b"] {
        let mut year = grant(&id(name), &format!("pi_{name}"), 1200, Some("sub_1"));
        year.payment.period_ends_at = Some(at(365 * DAY_S));
        let each = ledger::Credits::new(100).unwrap();
        year.payment.further = Some(ledger::FurtherGrants { grants: 11, each, replaces: false });
        scene.order(&id(name), &Command::Grant(year), at(0)).await;
    }
    assert_eq!(scene.run(at(30 * DAY_S - 1)).await.looked_at, 0);
    assert_eq!(scene.run(at(30 * DAY_S)).await.done, 2);
    assert_eq!(scene.balance("a", at(30 * DAY_S)).await, (200, 0));
    assert_eq!(
        scene.markers().await.iter().map(|marker| marker.due_at).collect::<Vec<_>>(),
        [at(61 * DAY_S); 2]
    );
    // Two runs at once, two months late.
    let late = at(125 * DAY_S);
    join_all(vec![scene.run(late), scene.run(late)]).await;
    for name in ["a", "b"] {
        let journal = scene.journal(name).await;
        assert_eq!((journal.len(), scene.balance(name, late).await), (3, (500, 0)), "{name}");
    }
    // After the last month nothing is due.
    assert_eq!(scene.run(at(334 * DAY_S)).await.done, 2);
    assert_eq!((scene.balance("a", at(334 * DAY_S)).await, scene.markers().await), ((1200, 0), Vec::new()));
}

/// The credits that are left of an ended subscription, once another one begins around the end of their time.
async fn left_after_resubscribing(scene: &Scene, name: &str, at_once: bool, charged_at: Timestamp) -> u64 {
    scene.ended(name, at(0)).await;
    let account = id(name);
    let mut again = grant(&account, &format!("pi_{name}_again"), 100, Some("sub_2"));
    again.pauses_leftover_expiry = true;
    again.payment.charged_at = charged_at;
    let again = Command::Grant(again);
    if at_once {
        tokio::join!(scene.run(at(60 * DAY_S)), run(&scene.tables, &account, &again, charged_at));
    } else {
        run(&scene.tables, &account, &again, charged_at).await;
    }
    scene.run(at(60 * DAY_S)).await;
    scene.run(at(90 * DAY_S)).await;
    let journal = scene.journal(name).await;
    let after = journal.last().unwrap().after();
    assert_eq!(after.lots.len(), 2, "{name}");
    after.lots[0].available.get()
}

#[tokio::test]
async fn h3_a_subscription_that_begins_at_the_end_of_the_60_days_keeps_the_left_over_credits_or_does_not() {
    let scene = Scene::new().await;
    let end_ms = at(60 * DAY_S).as_ms();
    for (name, offset_ms, left) in [("before", -1, 100), ("at", 0, 0), ("after", 1, 0)] {
        let charged_at = Timestamp::from_ms(end_ms + offset_ms).unwrap();
        assert_eq!(Box::pin(left_after_resubscribing(&scene, name, false, charged_at)).await, left, "{name}");
    }
    // At once with the sweep, whichever comes first: all of the credits stay, or none.
    for round in 0..10 {
        let charged_at = Timestamp::from_ms(end_ms - 1).unwrap();
        let name = format!("r{round}");
        let left = Box::pin(left_after_resubscribing(&scene, &name, true, charged_at)).await;
        assert!([0, 100].contains(&left), "{round}: {left}");
    }
}

#[tokio::test]
async fn a_run_that_ended_between_the_entry_and_the_marker_is_finished_by_the_next() {
    let scene = Scene::new().await;
    scene.grant("a", "pi_1", None, at(0)).await;
    scene.hold("a", "g1", at(0)).await;
    scene.hold("a", "g2", at(600)).await;
    let expired = scene.order(&id("a"), &expire(&["g1"]), at(3000)).await;
    assert!(matches!(expired, Answer::Written { .. }));
    assert_eq!(scene.markers().await[0].due_at, at(3000), "early");
    let status = scene.run(at(3300)).await;
    assert_eq!((status.looked_at, status.done, status.lag_ms), (1, 0, 300_000));
    assert_eq!(scene.markers().await[0].due_at, at(3600));
    assert_eq!(scene.run(at(3600)).await.done, 1);
    assert_eq!(scene.balance("a", at(3600)).await, (100, 0));
}

#[tokio::test]
async fn g14_holds_that_are_due_together_come_back_with_the_grace_of_their_own_policies() {
    let scene = Scene::new().await;
    // The policy of image-to-3d knows no left-over credits and no grace; the music studio's gives a day.
    for (product, payment, subscription, generation) in
        [("image-to-3d", "pi_1", "sub_1", "g1"), ("music-studio", "pi_2", "sub_2", "g2")]
    {
        let product = ProductId::new(product).unwrap();
        let mut plan = grant(&id("a"), payment, 100, Some(subscription));
        let Command::Hold(mut hold) = place(generation, 10) else { panic!("a hold") };
        for of in [&mut plan.payment.product, &mut hold.product] {
            *of = product.clone();
        }
        scene.order(&id("a"), &Command::Grant(plan), at(0)).await;
        scene.order(&id("a"), &Command::Hold(hold), at(0)).await;
        let subscription = SubscriptionId::new(subscription).unwrap();
        let end = Command::StartExpiry {
            subscription,
            ended_at: at(1),
            leftover_s: 10,
            pauses_leftover_expiry: true,
        };
        scene.order(&id("a"), &end, at(1)).await;
    }
    assert_eq!(scene.run(at(3300)).await.done, 1);
    let journal = scene.journal("a").await;
    let [.., first, second] = &journal[..] else { panic!("two entries") };
    let policies = [first, second].map(|entry| entry.policy().unwrap().document.as_str());
    assert_eq!(policies, ["image-to-3d", "music-studio"]);
    let lots = &second.after().lots;
    assert_eq!(lots.iter().map(|lot| lot.available.get()).collect::<Vec<_>>(), [0, 10]);
    assert_eq!(lots[1].expires_at, Some(at(3300 + DAY_S)));
    assert_eq!(scene.markers().await[0].due_at, at(3300 + DAY_S));
}

#[tokio::test]
async fn h10_a_clock_that_is_behind_expires_nothing_early_and_writes_no_earlier_instant() {
    let scene = Scene::new().await;
    scene.grant("a", "pi_1", None, at(0)).await;
    scene.hold("a", "g1", at(0)).await;
    scene.hold("a", "g2", at(7200)).await;
    // An hour behind the newest entry: the first hold is due, the second is not.
    assert_eq!(scene.run(at(3600)).await.done, 1);
    let journal = scene.journal("a").await;
    assert_eq!(journal.last().unwrap().at(), at(7200));
    assert_eq!(scene.balance("a", at(7200)).await, (90, 10));
    assert_eq!(scene.run(at(7200)).await.done, 0);
    assert_eq!(scene.run(at(10_200)).await.done, 1);
}

#[tokio::test]
async fn a_run_for_a_day_to_come_leaves_the_markers_that_holds_rely_on() {
    for expiry_s in [1800, 5400, 30 * DAY_S] {
        let scene = Scene::new().await;
        scene.grant("a", "pi_pack", None, at(0)).await;
        // Left-over credits that expire at `expiry_s`.
        scene.grant("a", "pi_sub", Some("sub_1"), at(0)).await;
        let subscription = ledger::SubscriptionId::new("sub_1").unwrap();
        let start = Command::StartExpiry {
            subscription,
            ended_at: at(0),
            leftover_s: expiry_s,
            pauses_leftover_expiry: true,
        };
        scene.order(&id("a"), &start, at(0)).await;
        assert_eq!(scene.run_for(at(60 * DAY_S), at(10)).await.unwrap().done, 1);
        // Today's work goes on: its message is lost, and its deadline lies behind the marker or before it.
        scene.hold("a", "g1", at(20)).await;
        for second in (300..=3900).step_by(300) {
            scene.run(at(second)).await;
        }
        assert_eq!(scene.balance("a", at(3900)).await, (100, 0), "{expiry_s}");
    }
}

#[tokio::test]
async fn h14_a_tick_for_a_day_to_come_is_refused_and_changes_nothing() {
    let mut scene = Scene::new().await;
    scene.sweep.swept_time = SweptTime::Real;
    scene.grant("a", "pi_pack", None, at(0)).await;
    scene.ended("a", at(0)).await;
    scene.hold("a", "g1", at(0)).await;
    let before = scene.journal("a").await;
    let ahead_max_s = u64::try_from(AHEAD_MAX_S).unwrap();
    for ahead_s in [ahead_max_s + 1, 60 * DAY_S, 20 * 365 * DAY_S] {
        let invocation = tick(at(10 + ahead_s), at(10));
        let error = expiry_sweep::handle(&scene.sweep, &invocation).await.unwrap_err();
        let expiry_sweep::SweepError::Tick(TickError::Ahead { ahead_s: found }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(u64::try_from(found), Ok(ahead_s));
        let lines = invocation.metrics().take_lines(at(10)).join("\n");
        assert!(lines.contains("\"SweepsRefused\":1,"), "{lines}");
    }
    assert_eq!(scene.journal("a").await, before);
}

#[tokio::test]
async fn h14_a_tick_within_the_bound_is_judged_by_the_wall_clock() {
    let mut scene = Scene::new().await;
    scene.sweep.swept_time = SweptTime::Real;
    scene.grant("a", "pi_pack", None, at(0)).await;
    scene.hold("a", "g1", at(0)).await;
    // The hold's deadline is the 50th minute.
    let ahead = scene.run_for(at(3001), at(2999)).await.unwrap();
    assert_eq!((ahead.done, scene.balance("a", at(2999)).await), (0, (90, 10)));
    // One in the past sweeps what was due by then.
    let late = scene.run_for(at(2990), at(3001)).await.unwrap();
    assert_eq!((late.done, scene.balance("a", at(3001)).await), (0, (90, 10)));
    let on_time = scene.run_for(at(3000), at(3001)).await.unwrap();
    assert_eq!((on_time.done, scene.balance("a", at(3001)).await), (1, (100, 0)));
}

#[tokio::test]
async fn an_account_that_fails_does_not_stop_the_others() {
    let scene = Scene::new().await;
    for name in ["a", "b", "c"] {
        scene.grant(name, &format!("pi_{name}"), None, at(0)).await;
        scene.hold(name, "g1", at(0)).await;
    }
    scene.spoil("b").await;
    let status = scene.run(at(3300)).await;
    assert_eq!((status.looked_at, status.done, status.failed, status.left_over), (3, 2, 1, 0));
    for name in ["a", "c"] {
        assert_eq!(scene.balance(name, at(3300)).await, (100, 0));
    }
    // Its marker stays, so that every run tries again.
    let markers = scene.markers().await;
    assert_eq!(markers.iter().map(|marker| marker.account.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn a_marker_of_an_account_of_which_nothing_is_due_is_removed() {
    let scene = Scene::new().await;
    scene.grant("a", "pi_1", None, at(0)).await;
    scene.hold("a", "g1", at(0)).await;
    scene.order(&id("a"), &ledger::contract::settle("g1", ledger::Ending::Succeeded), at(5)).await;
    let status = scene.run(at(3300)).await;
    assert_eq!((status.looked_at, status.done), (1, 0));
    assert_eq!(scene.markers().await, []);
}

#[tokio::test]
async fn an_event_that_is_no_tick_is_refused_with_its_reason() {
    let scene = Scene::new().await;
    for (event, expected) in [
        (json!({"version": 1, "time": "<aws.scheduler.scheduled-time>"}), "placeholder"),
        (json!({"version": 2, "time": "2026-11-01T00:05:00Z"}), "version 2"),
        (json!({"version": 1, "time": "tomorrow"}), "not an instant"),
        (json!({"version": 1, "time": "1970-01-01T00:00:00Z"}), "not an instant"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "accounts": ["a"]}), "event is not"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "shards": []}), "`shards` is not a group"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "shards": [16]}), "`shards` is not a group"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "shards": [3, 3]}), "`shards` is not a group"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "shards": [-1]}), "event is not"),
        (json!({"version": 1, "time": "2026-11-01T00:05:00Z", "shards": 3}), "event is not"),
        (json!({}), "event is not"),
    ] {
        let invocation = Invocation::of(event.to_string(), at(0)).unwrap();
        let error = expiry_sweep::handle(&scene.sweep, &invocation).await.unwrap_err();
        let expiry_sweep::SweepError::Tick(error) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(matches!(error, TickError::Placeholder), expected == "placeholder");
    }
    assert_eq!(scene.run(at(300)).await, expiry_sweep::Status::default());
    let lines = {
        let invocation = tick(at(300), at(300));
        expiry_sweep::handle(&scene.sweep, &invocation).await.unwrap();
        invocation.metrics().take_lines(at(300)).join("\n")
    };
    // The alarm on a silent schedule needs a figure of every run.
    assert!(lines.contains("\"SweepLag\":[0]"), "{lines}");
    assert!(lines.contains("\"SweepShards\":16,"), "{lines}");
}
