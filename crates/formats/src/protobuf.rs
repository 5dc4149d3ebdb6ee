//! The few pieces of protocol-buffer encoding that event files need.
//!
//! A field is a tag `number << 3 | wire type`, then a varint (0), eight bytes (1), a length and bytes (2), or four
//! bytes (5). Fields that hold their default are left out, as every writer of the third syntax does.

/// A message under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn integer(&mut self, field: u32, value: i64) {
        if value != 0 {
            self.tag(field, 0);
            // Negative numbers take their ten bytes.
            self.varint(value as u64);
        }
    }

    pub fn double(&mut self, field: u32, value: f64) {
        if value.to_bits() != 0 {
            self.tag(field, 1);
            self.0.extend(value.to_le_bytes());
        }
    }

    /// A field of a `oneof`, which is written even where it is 0: its presence says which one it is.
    pub fn chosen_float(&mut self, field: u32, value: f32) {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
    }

    pub fn string(&mut self, field: u32, value: &str) {
        if !value.is_empty() {
            self.bytes(field, value.as_bytes());
        }
    }

    pub fn message(&mut self, field: u32, value: Message) {
        self.bytes(field, &value.0);
    }

    pub fn packed_doubles(&mut self, field: u32, values: &[f64]) {
        if !values.is_empty() {
            self.tag(field, 2);
            self.varint(8 * values.len() as u64);
            self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
    }

    fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn tag(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    /// Seven bits a byte, lowest first, the eighth set on all but the last.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    fn written(write: impl Fn(&mut Message)) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message);
        message.into_bytes()
    }

    #[test]
    fn fields_are_encoded_as_the_specification_shows() {
        assert_eq!(written(|m| m.integer(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(written(|m| m.string(2, "testing")), b"\x12\x07testing");
        assert_eq!(written(|m| m.integer(1, -1)), [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        assert_eq!(written(|m| m.integer(16, 1)), [0x80, 0x01, 0x01], "a tag of two bytes");
        assert_eq!(written(|m| m.chosen_float(2, 0.0)), [0x15, 0, 0, 0, 0]);
        assert_eq!(written(|m| m.double(1, -0.0)), [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80], "minus zero is no default");
    }

    #[test]
    fn defaults_are_left_out() {
        let nothing = written(|m| {
            m.integer(1, 0);
            m.double(2, 0.0);
            m.string(3, "");
            m.packed_doubles(4, &[]);
        });
        assert!(nothing.is_empty());
        let mut outer = Message::default();
        outer.message(1, Message::default());
        assert_eq!(outer.into_bytes(), [0x0a, 0x00], "an empty message is there all the same");
    }
}
