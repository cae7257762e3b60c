//! What a resource says of its sender; read once for each resource that is new, never for a span.

use hotspan_model::Sender;

use crate::source;
use crate::value::{KeyValue, Value, cut, readable};
use crate::wire::{Fields, Payload};

/// Most bytes of one text.
const TEXT_BYTES_MAX: usize = 128;
/// The older name of a sender's environment.
const OLD_ENVIRONMENT: &[u8] = b"deployment.environment";

/// Reads the attributes of a resource; of a key that comes twice the first counts, as everywhere.
pub(crate) fn sender<'a>(resources: impl Iterator<Item = &'a [u8]>) -> Sender {
    let (mut sender, mut old_environment) = (Sender::default(), String::new());
    for KeyValue { key, value } in resources.flat_map(attributes) {
        let place = match key {
            OLD_ENVIRONMENT => &mut old_environment,
            _ => match place(&mut sender, key) {
                Some(place) => place,
                None => continue,
            },
        };
        if place.is_empty() {
            *place = text(value);
        }
    }
    if sender.environment.is_empty() {
        sender.environment = old_environment;
    }
    if !source::is_name(sender.service.as_bytes()) {
        source::UNNAMED.clone_into(&mut sender.service);
    }
    sender
}

fn place<'s>(of: &'s mut Sender, key: &[u8]) -> Option<&'s mut String> {
    Some(match key {
        b"service.name" => &mut of.service,
        b"service.version" => &mut of.version,
        b"deployment.environment.name" => &mut of.environment,
        b"telemetry.sdk.language" => &mut of.language,
        b"telemetry.sdk.name" => &mut of.sdk,
        b"telemetry.sdk.version" => &mut of.sdk_version,
        b"telemetry.distro.name" => &mut of.distro,
        b"telemetry.distro.version" => &mut of.distro_version,
        _ => return None,
    })
}

/// The attributes of one resource that can be read.
fn attributes(resource: &[u8]) -> impl Iterator<Item = KeyValue<'_>> {
    let mut fields = Fields::new(resource);
    let messages = std::iter::from_fn(move || fields.next().ok().flatten());
    messages.filter_map(|field| match field {
        (1, Payload::Bytes(message)) => KeyValue::read(message).ok(),
        (_, _) => None,
    })
}

/// A text, or a number that stands for one.
fn text(value: Value<'_>) -> String {
    match (value.text(), value.int()) {
        (Some(text), _) => readable(cut(text, TEXT_BYTES_MAX)).into_owned(),
        (None, Some(int)) => int.to_string(),
        (None, None) => String::new(),
    }
}
