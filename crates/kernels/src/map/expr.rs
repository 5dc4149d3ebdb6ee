//! Elementwise expressions in single-assignment form, built value by value.

use crate::functions::functions;
use std::collections::HashMap;

/// Whether whole numbers lead out of whole numbers.
macro_rules! float_only {
    (whole) => {
        false
    };
    (float) => {
        true
    };
}

macro_rules! of_one_value {
    (
        plain { $($(#[$doc:meta])* $plain:ident = $name:literal, $of:ident, $cost:literal, |$a:ident| $body:expr;)* }
        $($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*
    ) => {
        /// A function of one value. Truth values are 1 and 0 of the compute type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Unary {
            $($(#[$doc])* $plain,)*
            $($(#[$note])* $formula,)*
        }

        impl Unary {
            /// Every variant, for tests and tables.
            pub const ALL: &[Unary] = &[$(Unary::$plain,)* $(Unary::$formula,)*];

            /// Its name in profiles.
            pub fn name(self) -> &'static str {
                match self {
                    $(Unary::$plain => $name,)*
                    $(Unary::$formula => stringify!($method),)*
                }
            }

            /// True where whole numbers lead out of whole numbers.
            pub(super) fn float_only(self) -> bool {
                match self {
                    $(Unary::$plain => float_only!($of),)*
                    $(Unary::$formula => true,)*
                }
            }

            /// Time per element against an addition.
            pub(super) fn cost(self) -> usize {
                match self {
                    $(Unary::$plain => $cost,)*
                    $(Unary::$formula => $price,)*
                }
            }
        }
    };
}
functions!(of_one_value);

/// A function of two values. Truth values are 1 and 0 of the compute type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// The smaller; NaN if either is.
    Min,
    /// The larger; NaN if either is.
    Max,
    /// `aᵇ`; `0⁰ = 1`.
    Pow,
    /// The angle of the point (b, a) in (−π, π].
    Arctan2,
    /// `⌊a/b⌋`, as NumPy's `floor_divide`.
    FloorDiv,
    /// The remainder with the sign of `b`, as NumPy's `mod`.
    Mod,
    /// `a = b`
    Eq,
    /// `a ≠ b`
    Ne,
    /// `a < b`
    Lt,
    /// `a ≤ b`
    Le,
    /// `a > b`
    Gt,
    /// `a ≥ b`
    Ge,
    /// Both non-zero.
    And,
    /// Either non-zero.
    Or,
}

impl Binary {
    /// Every variant, for tests and tables.
    pub const ALL: [Binary; 18] = {
        use Binary::*;
        [Add, Sub, Mul, Div, Min, Max, Pow, Arctan2, FloorDiv, Mod, Eq, Ne, Lt, Le, Gt, Ge, And, Or]
    };

    /// Its sign or name in profiles.
    pub fn name(self) -> &'static str {
        use Binary::*;
        match self {
            Add => "+",
            Sub => "−",
            Mul => "·",
            Div => "/",
            Min => "min",
            Max => "max",
            Pow => "pow",
            Arctan2 => "arctan2",
            FloorDiv => "floorDivide",
            Mod => "mod",
            Eq => "=",
            Ne => "≠",
            Lt => "<",
            Le => "≤",
            Gt => ">",
            Ge => "≥",
            And => "and",
            Or => "or",
        }
    }

    /// True where whole numbers lead out of whole numbers.
    pub(super) fn float_only(self) -> bool {
        matches!(self, Binary::Div | Binary::Arctan2)
    }

    /// Time per element against an addition.
    pub(super) fn cost(self) -> usize {
        use Binary::*;
        match self {
            Add | Sub | Mul | Min | Max | Eq | Ne | Lt | Le | Gt | Ge | And | Or => 1,
            Div => 2,
            Arctan2 => 8,
            Pow | FloorDiv | Mod => 60,
        }
    }
}

/// A value of one [`Expr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub(super) u32);

impl ValueId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What makes a value. Constants are bits of `f64`, so that nodes can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Input(usize),
    Constant(u64),
    Unary(Unary, ValueId),
    Binary(Binary, ValueId, ValueId),
    Select(ValueId, ValueId, ValueId),
}

/// An expression over inputs, as a list of values each made from earlier ones; equal values are made once.
#[derive(Clone, Debug, Default)]
pub struct Expr {
    pub(super) nodes: Vec<Node>,
    known: HashMap<Node, ValueId>,
}

impl Expr {
    /// No values yet.
    pub fn new() -> Expr {
        Expr::default()
    }

    fn push(&mut self, node: Node) -> ValueId {
        let next = ValueId(self.nodes.len() as u32);
        let id = *self.known.entry(node).or_insert(next);
        if id == next {
            self.nodes.push(node);
        }
        id
    }

    /// The element of input `i`.
    pub fn input(&mut self, i: usize) -> ValueId {
        self.push(Node::Input(i))
    }

    /// The same number everywhere.
    pub fn constant(&mut self, value: f64) -> ValueId {
        self.push(Node::Constant(value.to_bits()))
    }

    /// `op(a)`
    pub fn unary(&mut self, op: Unary, a: ValueId) -> ValueId {
        self.check(&[a]);
        self.push(Node::Unary(op, a))
    }

    /// `op(a, b)`
    pub fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.check(&[a, b]);
        self.push(Node::Binary(op, a, b))
    }

    /// `yes` where `mask` is not zero, `no` elsewhere.
    pub fn select(&mut self, mask: ValueId, yes: ValueId, no: ValueId) -> ValueId {
        self.check(&[mask, yes, no]);
        self.push(Node::Select(mask, yes, no))
    }

    /// The names of its functions, each once, in the order in which they are first used.
    pub fn functions(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for node in &self.nodes {
            let name = match node {
                Node::Input(_) | Node::Constant(_) => continue,
                Node::Unary(op, _) => op.name(),
                Node::Binary(op, ..) => op.name(),
                Node::Select(..) => "select",
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn check(&self, used: &[ValueId]) {
        assert!(used.iter().all(|id| id.index() < self.nodes.len()), "a value of another expression");
    }
}
