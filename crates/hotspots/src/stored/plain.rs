//! How numbers, lists and the nouns of the model are written.

use std::sync::Arc;

use hotspan_model::{
    Fingerprint, LogPos, LogTime, Millionths, Moved, Nanos, NearReason, Offset, OpRef, ParamHash, Params,
    Saving, SpanId, Symbol, Target, Threshold, Timestamp, TraceId,
};

use super::reader::{Reader, Unreadable};
use super::writer::Writer;
use super::{Stored, stored};

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn write(&self, to: &mut Writer<'_>) {
                to.number(*self);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                from.number()
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, u128);

macro_rules! wrapped {
    ($($name:ident),*) => {$(
        impl Stored for $name {
            fn write(&self, to: &mut Writer<'_>) {
                self.0.write(to);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                Ok($name(Stored::read(from)?))
            }
        }
    )*};
}

wrapped!(
    Nanos,
    LogTime,
    Millionths,
    Fingerprint,
    Timestamp,
    Threshold,
    Offset,
    ParamHash
);

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl Stored for $name {
            fn write(&self, to: &mut Writer<'_>) {
                self.get().write(to);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                $name::new(Stored::read(from)?).ok_or(Unreadable::Damaged)
            }
        }
    )*};
}

ids!(TraceId, SpanId);

impl Stored for bool {
    fn write(&self, to: &mut Writer<'_>) {
        to.byte((*self).into());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable::Damaged),
        }
    }
}

impl Stored for Symbol {
    fn write(&self, to: &mut Writer<'_>) {
        to.symbol(*self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.symbol()
    }
}

impl Stored for &'static str {
    fn write(&self, to: &mut Writer<'_>) {
        to.text(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.name()
    }
}

impl Stored for Box<str> {
    fn write(&self, to: &mut Writer<'_>) {
        to.text(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(from.text()?.into())
    }
}

impl Stored for String {
    fn write(&self, to: &mut Writer<'_>) {
        to.text(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(from.text()?.to_owned())
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, to: &mut Writer<'_>) {
        to.byte(self.is_some().into());
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(self.iter());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        from.list()
    }
}

impl<T: Stored> Stored for Box<[T]> {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(self.iter());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(from.list()?.into())
    }
}

impl<T: Stored> Stored for Arc<T> {
    fn write(&self, to: &mut Writer<'_>) {
        self.as_ref().write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        T::read(from).map(Arc::new)
    }
}

/// A place for each of some names. An earlier program had fewer.
impl<T: Stored + Default, const N: usize> Stored for [T; N] {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(self.iter());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let mut items = from.list()?.into_iter();
        let array = std::array::from_fn(|_| items.next().unwrap_or_default());
        items.next().is_none().then_some(array).ok_or(Unreadable::Damaged)
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: Stored),*> Stored for ($($part,)*) {
            fn write(&self, to: &mut Writer<'_>) {
                $(self.$place.write(to);)*
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
                Ok(($($part::read(from)?,)*))
            }
        }
    )*};
}

tuples! { (A 0, B 1) (A 0, B 1, C 2) }

stored!(OpRef { service, operation });
stored!(Saving { min, likely, max });
stored!(Moved { before, after });
stored!(LogPos { offset, time });

impl Stored for Target {
    fn write(&self, to: &mut Writer<'_>) {
        let (code, symbol) = match self {
            Target::Service(service) => (0, service),
            Target::Callee(callee) => (1, callee),
        };
        to.byte(code);
        symbol.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(Target::Service(from.symbol()?)),
            1 => Ok(Target::Callee(from.symbol()?)),
            _ => Err(Unreadable::Damaged),
        }
    }
}

impl Stored for Params {
    fn write(&self, to: &mut Writer<'_>) {
        match self {
            Params::None => to.byte(0),
            Params::Hidden => to.byte(1),
            Params::Cut => to.byte(2),
            Params::Visible { distinct } => {
                to.byte(3);
                distinct.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        match from.byte()? {
            0 => Ok(Params::None),
            1 => Ok(Params::Hidden),
            2 => Ok(Params::Cut),
            3 => Ok(Params::Visible {
                distinct: from.number()?,
            }),
            _ => Err(Unreadable::Damaged),
        }
    }
}

impl Stored for NearReason {
    fn write(&self, to: &mut Writer<'_>) {
        let (code, name) = match self {
            NearReason::Count => (0, None),
            NearReason::Cost => (1, None),
            NearReason::Sightings => (2, None),
            NearReason::Guard(name) => (3, Some(name)),
            NearReason::Subsumed(by) => (4, Some(by)),
            NearReason::Confidence => (5, None),
            NearReason::Ignored => (6, None),
            NearReason::FrontEnd => (7, None),
            NearReason::Blind(field) => (8, Some(field)),
        };
        to.byte(code);
        if let Some(name) = name {
            name.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(match from.byte()? {
            0 => NearReason::Count,
            1 => NearReason::Cost,
            2 => NearReason::Sightings,
            3 => NearReason::Guard(from.name()?),
            4 => NearReason::Subsumed(from.name()?),
            5 => NearReason::Confidence,
            6 => NearReason::Ignored,
            7 => NearReason::FrontEnd,
            8 => NearReason::Blind(from.name()?),
            _ => return Err(Unreadable::Damaged),
        })
    }
}
