//! Messages: sending them, and waiting for them.

use hotspan_model::{Class, Visibility};

use super::{Resolver, Target};
use crate::attributes::{Atom, Known};
use crate::callee::{self, Address};
use crate::keys::Field;
use crate::parts::Parts;
use crate::text::names;

impl Resolver<'_> {
    /// A publish or a receive. The destination is the template and the callee's namespace.
    pub(super) fn message<'a>(&mut self, class: Class, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        let fixed = known.text(Field::DESTINATION_TEMPLATE);
        let destination = fixed.or_else(|| known.text(Field::DESTINATION));
        let temporary = fixed.is_none()
            && (known.bool(Field::DESTINATION_TEMPORARY) == Some(true)
                || known.bool(Field::DESTINATION_ANONYMOUS) == Some(true));
        let system = known.text(Field::MESSAGING_SYSTEM).unwrap_or(b"messaging");
        let (host, port) = callee::peer(known);
        let service = known.text(Field::PEER_SERVICE);

        let key = (class, system, destination, temporary, host, port, service);
        // Without a destination the name is all there is.
        let name = if destination.is_some() {
            &[]
        } else {
            parts.name.ask()
        };
        let hash = self
            .memory
            .symbols
            .hash(("message", self.origin.service, key, name));
        if let Some(target) = self.memory.targets.get(hash) {
            return target;
        }
        let memory = &mut *self.memory;
        match destination {
            Some(destination) => {
                names::destination(&String::from_utf8_lossy(destination), temporary, &mut memory.part);
            }
            None => names::mask(&String::from_utf8_lossy(name), &mut memory.part),
        }
        let verb = if class == Class::Publish {
            "send"
        } else {
            "receive"
        };
        memory.text.clear();
        memory.text.extend([verb, " ", &memory.part]);
        let template = self.template();
        let namespace = std::mem::take(&mut self.memory.part);
        let address = Address {
            system: &String::from_utf8_lossy(system),
            host,
            port,
            namespace: destination.map(|_| Atom::Text(namespace.as_bytes())),
            service,
        };
        let callee = self.callee(address);
        self.memory.part = namespace;
        let target = Target {
            template: Some(template),
            callee: Some(callee),
            visibility: Visibility::Hidden,
            unnamed: destination.is_none(),
            ..Target::of(class)
        };
        self.memory.targets.insert(hash, target);
        target
    }
}
