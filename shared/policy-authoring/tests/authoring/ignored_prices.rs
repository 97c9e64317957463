//! Prices of a company's other products, which the catalogue lists to be left alone.

use policy::Documents;
use policy_authoring::{parse_catalogue, parse_document};

use crate::SMALL;

#[test]
fn prices_to_ignore_are_listed_once_and_are_not_sold() {
    let documents = Documents::new(vec![parse_document("small.toml", SMALL).unwrap()]).unwrap();
    let sold = "[products.toys]\npolicy = \"small\"\n[prices.price_1Ab]\nproduct = \"toys\"\nkind = \
                \"pack\"\ncredits = 5\n";
    let parse =
        |list: &str| parse_catalogue("c.toml", &format!("ignore_prices = {list}\n{sold}"), &documents);
    let catalogue = parse("[\"price_b\", \"price_a\"]").unwrap();
    assert_eq!(catalogue.ignored, ["price_a", "price_b"]);
    assert!(catalogue.is_ignored("price_a") && !catalogue.is_ignored("price_1Ab"));
    for (list, problem) in [
        ("[\"price_1Ab\"]", "`price_1Ab` is sold here; expected a price of another product"),
        ("[\"price_a\", \"price_a\"]", "`price_a` is listed twice; expected each once"),
    ] {
        let mistakes = parse(list).expect_err(list).to_string();
        assert_eq!(mistakes, format!("c.toml:1: ignore_prices: {problem}"));
    }
}
