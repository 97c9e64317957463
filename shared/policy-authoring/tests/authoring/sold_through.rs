//! Through whom the catalogue's prices are sold.

use policy::{Documents, PriceProvider};
use policy_authoring::{parse_catalogue, parse_document};

use crate::SMALL;

#[test]
fn a_price_is_sold_through_one_provider_and_found_by_no_other() {
    let stated = |name: &str| {
        let text = format!("{SMALL}\n[provider]\nclause = \"main\"\nname = \"{name}\"\n");
        Documents::new(vec![parse_document("small.toml", &text).unwrap()]).unwrap()
    };
    let price = |lines: &str| {
        format!(
            "[products.toys]\npolicy = \"small\"\n{lines}\nproduct = \"toys\"\nkind = \"pack\"\ncredits = 5\n"
        )
    };
    let (creem, stripe) = (stated("creem"), stated("stripe"));
    let good = price("[prices.prod_1Ab]\nprovider = \"creem\"");
    let catalogue = parse_catalogue("c.toml", &good, &creem).unwrap();
    assert_eq!(catalogue.price_through(PriceProvider::Creem, "prod_1Ab").unwrap().credits, 5);
    assert!(catalogue.price_through(PriceProvider::Stripe, "prod_1Ab").is_err());
    let plain = parse_catalogue("c.toml", &price("[prices.price_1Ab]"), &creem).unwrap();
    assert!(plain.price_through(PriceProvider::Stripe, "price_1Ab").is_ok());
    assert!(plain.price_through(PriceProvider::Creem, "price_1Ab").is_err());
    for (documents, text, expected) in [
        (&stripe, good.clone(), "is sold through Creem; expected a policy whose `provider` is `creem`"),
        (
            &creem,
            price("[prices.price_1Ab]\nprovider = \"creem\""),
            "is no product of Creem's; expected an id `prod_…`",
        ),
        (&creem, price("[prices.prod_1Ab]"), "is no price of Stripe's; expected `provider = \"creem\"`"),
        (
            &creem,
            price("[prices.price_1Ab]\nprovider = \"paper\""),
            "unknown value `paper`; expected `stripe` or `creem`",
        ),
        (
            &creem,
            format!("{good}amounts = {{ usd = 900 }}\n"),
            "has `amounts`; expected none, since what Creem charges is in its events",
        ),
    ] {
        let mistakes = parse_catalogue("c.toml", &text, documents).expect_err(expected).to_string();
        assert!(mistakes.ends_with(expected) && mistakes.lines().count() == 1, "{mistakes}");
    }
}
