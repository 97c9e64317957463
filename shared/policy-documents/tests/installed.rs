//! What is installed is read from then on. The only test of its process: it changes what the process reads.

use policy::{Catalogue, Documents, InForce};
use policy_documents::{catalogue, documents, install};

#[test]
fn what_is_installed_is_read_from_then_on_and_the_earlier_stays_readable() {
    let (earlier, prices) = (documents(), catalogue());
    let studio = earlier.iter().find(|document| document.id == "music-studio").unwrap();
    assert!(prices.price("price_pro_monthly").is_ok());
    let mut next = studio.clone();
    next.version = "2027-01-01".to_owned();
    next.in_force_from_ms = studio.in_force_from_ms + 1;
    let none = Catalogue { products: Vec::new(), prices: Vec::new(), ignored: Vec::new() };
    install(Documents::new(vec![studio.clone(), next.clone()]).unwrap(), none);

    // A payment keeps the version of its own time, and a later one falls under the next.
    for (at_ms, expected) in [(studio.in_force_from_ms, studio), (next.in_force_from_ms, &next)] {
        assert_eq!(documents().in_force("music-studio", at_ms), InForce::Version(expected));
    }
    assert_eq!(documents().iter().count(), 2);
    assert!(catalogue().price("price_pro_monthly").is_err());
    assert!(earlier.iter().count() > 2 && prices.price("price_pro_monthly").is_ok());
}
