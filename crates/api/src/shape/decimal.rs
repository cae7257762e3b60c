//! Decimals made from integers: the only place where millionths become a number with a point.

use std::fmt;

use hotspan_model::Millionths;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A number of at most four decimal places, rounded half up. Written as a JSON number, and never computed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    ten_thousandths: u64,
}

impl Decimal {
    /// The same number as gRPC and metrics carry it: the double next to what is written.
    pub fn as_double(self) -> f64 {
        self.ten_thousandths as f64 / 10_000.0
    }

    /// The exact number of its last place.
    pub(crate) fn ten_thousandths(self) -> u64 {
        self.ten_thousandths
    }

    /// With one decimal, for people.
    pub(crate) fn tenths(self) -> String {
        let tenths = self.ten_thousandths / 1_000 + u64::from(self.ten_thousandths % 1_000 >= 500);
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    /// A share as a percentage, for people.
    pub(crate) fn percent(self) -> String {
        format!(
            "{} %",
            self.ten_thousandths / 100 + u64::from(self.ten_thousandths % 100 >= 50)
        )
    }
}

impl From<Millionths> for Decimal {
    fn from(exact: Millionths) -> Decimal {
        Decimal {
            ten_thousandths: exact.0 / 100 + u64::from(exact.0 % 100 >= 50),
        }
    }
}

impl fmt::Display for Decimal {
    /// `0.83`, `96.0`: no zeros at the end but the one that says it is no integer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:04}", self.ten_thousandths % 10_000);
        let kept = digits.trim_end_matches('0');
        let places = if kept.is_empty() { "0" } else { kept };
        write!(f, "{}.{places}", self.ten_thousandths / 10_000)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0));
        number
            .description(Some("At most four decimal places, rounded half up."))
            .into()
    }
}

impl ToSchema for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_are_rounded_half_up_to_four_places() {
        for (millionths, text) in [
            (0, "0.0"),
            (830_000, "0.83"),
            (96_000_000, "96.0"),
            (49, "0.0"),
            (50, "0.0001"),
            (333_333, "0.3333"),
            (666_667, "0.6667"),
            (999_950, "1.0"),
            (167_900_000, "167.9"),
            (u64::MAX, "18446744073709.5516"),
        ] {
            let decimal = Decimal::from(Millionths(millionths));
            assert_eq!(serde_json::to_string(&decimal).unwrap(), text);
        }
    }

    #[test]
    fn people_read_fewer_places() {
        let decimal = Decimal::from(Millionths(1_255_000));
        assert_eq!(
            (decimal.tenths(), decimal.percent()),
            ("1.3".into(), "126 %".into())
        );
    }

    #[test]
    fn the_double_reads_back_as_what_is_written() {
        for millionths in [1, 99, 830_000, 333_333, 1_234_567_890_123] {
            let decimal = Decimal::from(Millionths(millionths));
            assert_eq!(decimal.to_string().parse::<f64>().unwrap(), decimal.as_double());
        }
    }
}
