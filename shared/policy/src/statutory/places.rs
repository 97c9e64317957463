//! The countries whose customers have a statutory period: their zones and their public holidays, as of 2026.
//!
//! Holidays of a part of a country count for all of it: which part a customer lives in is not known, and a
//! holiday too many gives the customer a day.

use jiff::civil::Weekday::{self, Friday, Monday, Thursday};

/// A public holiday.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holiday {
    /// The same month and day every year.
    Fixed(i8, i8),
    /// The nth such weekday of a month, from its end where it is negative.
    Nth(i8, Weekday, i8),
    /// So many days after Easter Sunday.
    AfterEaster(i32),
}

/// Which Easter a country's holidays follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Easter {
    Western,
    Orthodox,
    /// The western one, and none of the [`COMMON`] holidays but its own.
    None,
}

/// What a country's days are.
#[derive(Debug)]
pub(super) struct Country {
    code: &'static str,
    /// The standard offsets of its zones to UTC, in hours.
    pub(super) offsets_h: &'static [i64],
    /// Whether it keeps European summer time.
    pub(super) summer_time: bool,
    pub(super) easter: Easter,
    /// Besides the [`COMMON`] ones.
    pub(super) holidays: &'static [Holiday],
}

use Holiday::{AfterEaster, Fixed, Nth};

/// New Year, Good Friday, Easter Monday, Labour Day, Ascension Day, Whit Monday, and Christmas.
pub(super) const COMMON: &[Holiday] = &[
    Fixed(1, 1),
    AfterEaster(-2),
    AfterEaster(1),
    Fixed(5, 1),
    AfterEaster(39),
    AfterEaster(50),
    Fixed(12, 25),
    Fixed(12, 26),
];

const CORPUS_CHRISTI: Holiday = AfterEaster(60);
const EPIPHANY: Holiday = Fixed(1, 6);
const ASSUMPTION: Holiday = Fixed(8, 15);
const ALL_SAINTS: Holiday = Fixed(11, 1);
const CONCEPTION: Holiday = Fixed(12, 8);
const CHRISTMAS_EVE: Holiday = Fixed(12, 24);
const NEW_YEARS_EVE: Holiday = Fixed(12, 31);

const fn western(code: &'static str, offsets_h: &'static [i64], holidays: &'static [Holiday]) -> Country {
    Country { code, offsets_h, summer_time: true, easter: Easter::Western, holidays }
}

const fn orthodox(code: &'static str, holidays: &'static [Holiday]) -> Country {
    Country { code, offsets_h: &[2], summer_time: true, easter: Easter::Orthodox, holidays }
}

pub(super) const COUNTRIES: &[Country] = &[
    western("AT", &[1], &[EPIPHANY, CORPUS_CHRISTI, ASSUMPTION, Fixed(10, 26), ALL_SAINTS, CONCEPTION]),
    western("BE", &[1], &[Fixed(7, 21), ASSUMPTION, ALL_SAINTS, Fixed(11, 11)]),
    orthodox("BG", &[Fixed(3, 3), Fixed(5, 6), Fixed(5, 24), Fixed(9, 6), Fixed(9, 22), CHRISTMAS_EVE]),
    Country {
        code: "BR",
        offsets_h: &[-5, -4, -3, -2],
        summer_time: false,
        easter: Easter::None,
        holidays: &[
            Fixed(1, 1),
            AfterEaster(-48),
            AfterEaster(-47),
            AfterEaster(-2),
            Fixed(4, 21),
            Fixed(5, 1),
            CORPUS_CHRISTI,
            Fixed(9, 7),
            Fixed(10, 12),
            Fixed(11, 2),
            Fixed(11, 15),
            Fixed(11, 20),
            Fixed(12, 25),
        ],
    },
    orthodox(
        "CY",
        &[EPIPHANY, AfterEaster(-48), Fixed(3, 25), Fixed(4, 1), ASSUMPTION, Fixed(10, 1), Fixed(10, 28)],
    ),
    western(
        "CZ",
        &[1],
        &[Fixed(5, 8), Fixed(7, 5), Fixed(7, 6), Fixed(9, 28), Fixed(10, 28), Fixed(11, 17), CHRISTMAS_EVE],
    ),
    western(
        "DE",
        &[1],
        &[
            EPIPHANY,
            Fixed(3, 8),
            CORPUS_CHRISTI,
            ASSUMPTION,
            Fixed(9, 20),
            Fixed(10, 3),
            Fixed(10, 31),
            ALL_SAINTS,
        ],
    ),
    western("DK", &[1], &[AfterEaster(-3), Fixed(6, 5), CHRISTMAS_EVE, NEW_YEARS_EVE]),
    western("EE", &[2], &[Fixed(2, 24), Fixed(6, 23), Fixed(6, 24), Fixed(8, 20), CHRISTMAS_EVE]),
    western(
        "ES",
        &[1, 0],
        &[EPIPHANY, AfterEaster(-3), ASSUMPTION, Fixed(10, 12), ALL_SAINTS, Fixed(12, 6), CONCEPTION],
    ),
    western("FI", &[2], &[EPIPHANY, Fixed(12, 6), CHRISTMAS_EVE]),
    western("FR", &[1], &[Fixed(5, 8), Fixed(7, 14), ASSUMPTION, ALL_SAINTS, Fixed(11, 11)]),
    western(
        "GB",
        &[0],
        &[
            Fixed(1, 2),
            Fixed(3, 17),
            Nth(1, Monday, 5),
            Nth(-1, Monday, 5),
            Fixed(7, 12),
            Nth(1, Monday, 8),
            Nth(-1, Monday, 8),
            Fixed(11, 30),
        ],
    ),
    orthodox("GR", &[EPIPHANY, AfterEaster(-48), Fixed(3, 25), ASSUMPTION, Fixed(10, 28)]),
    western(
        "HR",
        &[1],
        &[
            EPIPHANY,
            Fixed(5, 30),
            CORPUS_CHRISTI,
            Fixed(6, 22),
            Fixed(8, 5),
            ASSUMPTION,
            ALL_SAINTS,
            Fixed(11, 18),
        ],
    ),
    western("HU", &[1], &[Fixed(3, 15), Fixed(8, 20), Fixed(10, 23), ALL_SAINTS, CHRISTMAS_EVE]),
    western(
        "IE",
        &[0],
        &[
            Nth(1, Monday, 2),
            Fixed(3, 17),
            Nth(1, Monday, 5),
            Nth(1, Monday, 6),
            Nth(1, Monday, 8),
            Nth(-1, Monday, 10),
        ],
    ),
    Country {
        code: "IS",
        offsets_h: &[0],
        summer_time: false,
        easter: Easter::Western,
        // The first day of summer is the Thursday after 18 April: the third or the fourth of the month.
        holidays: &[
            AfterEaster(-3),
            Nth(3, Thursday, 4),
            Nth(4, Thursday, 4),
            Fixed(6, 17),
            Nth(1, Monday, 8),
            CHRISTMAS_EVE,
            NEW_YEARS_EVE,
        ],
    },
    western("IT", &[1], &[EPIPHANY, Fixed(4, 25), Fixed(6, 2), ASSUMPTION, ALL_SAINTS, CONCEPTION]),
    western("LI", &[1], &[EPIPHANY, CORPUS_CHRISTI, ASSUMPTION, Fixed(9, 8), ALL_SAINTS, CONCEPTION]),
    western(
        "LT",
        &[2],
        &[
            Fixed(2, 16),
            Fixed(3, 11),
            Fixed(6, 24),
            Fixed(7, 6),
            ASSUMPTION,
            ALL_SAINTS,
            Fixed(11, 2),
            CHRISTMAS_EVE,
        ],
    ),
    western("LU", &[1], &[Fixed(5, 9), Fixed(6, 23), ASSUMPTION, ALL_SAINTS]),
    western(
        "LV",
        &[2],
        &[Fixed(5, 4), Fixed(6, 23), Fixed(6, 24), Fixed(11, 18), CHRISTMAS_EVE, NEW_YEARS_EVE],
    ),
    western(
        "MT",
        &[1],
        &[
            Fixed(2, 10),
            Fixed(3, 19),
            Fixed(3, 31),
            Fixed(6, 7),
            Fixed(6, 29),
            ASSUMPTION,
            Fixed(9, 8),
            Fixed(9, 21),
            CONCEPTION,
            Fixed(12, 13),
        ],
    ),
    western("NL", &[1], &[Fixed(4, 27), Fixed(5, 5)]),
    western("NO", &[1], &[AfterEaster(-3), Fixed(5, 17)]),
    western(
        "PL",
        &[1],
        &[EPIPHANY, Fixed(5, 3), CORPUS_CHRISTI, ASSUMPTION, ALL_SAINTS, Fixed(11, 11), CHRISTMAS_EVE],
    ),
    western(
        "PT",
        &[0, -1],
        &[
            Fixed(4, 25),
            CORPUS_CHRISTI,
            Fixed(6, 10),
            ASSUMPTION,
            Fixed(10, 5),
            ALL_SAINTS,
            Fixed(12, 1),
            CONCEPTION,
        ],
    ),
    orthodox(
        "RO",
        &[
            Fixed(1, 2),
            EPIPHANY,
            Fixed(1, 7),
            Fixed(1, 24),
            Fixed(6, 1),
            ASSUMPTION,
            Fixed(11, 30),
            Fixed(12, 1),
        ],
    ),
    // Midsummer's Eve is the Friday from 19 to 25 June: the third or the fourth of the month.
    western(
        "SE",
        &[1],
        &[EPIPHANY, Fixed(6, 6), Nth(3, Friday, 6), Nth(4, Friday, 6), CHRISTMAS_EVE, NEW_YEARS_EVE],
    ),
    western(
        "SI",
        &[1],
        &[
            Fixed(1, 2),
            Fixed(2, 8),
            Fixed(4, 27),
            Fixed(5, 2),
            Fixed(6, 25),
            ASSUMPTION,
            Fixed(10, 31),
            ALL_SAINTS,
        ],
    ),
    western(
        "SK",
        &[1],
        &[
            EPIPHANY,
            Fixed(5, 8),
            Fixed(7, 5),
            Fixed(8, 29),
            Fixed(9, 1),
            Fixed(9, 15),
            ALL_SAINTS,
            Fixed(11, 17),
            CHRISTMAS_EVE,
        ],
    ),
];

pub(super) fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}
