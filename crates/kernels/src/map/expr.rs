//! Elementwise expressions in single-assignment form, built value by value.

use std::collections::HashMap;

/// A function of one value. Truth values are 1 and 0 of the compute type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `−a`
    Neg,
    /// `|a|`
    Abs,
    /// −1, 0 or 1; NaN stays NaN.
    Sign,
    /// Largest whole number not above.
    Floor,
    /// Smallest whole number not below.
    Ceil,
    /// Nearest whole number, halves to even.
    Round,
    /// Nearest whole number towards zero.
    Trunc,
    /// `a²`
    Square,
    /// `√a`
    Sqrt,
    /// `1/√a`
    Rsqrt,
    /// `1/a`
    Recip,
    /// `eᵃ`
    Exp,
    /// `eᵃ − 1`
    Expm1,
    /// `ln a`
    Log,
    /// `ln (1 + a)`
    Log1p,
    /// `sin a`
    Sin,
    /// `cos a`
    Cos,
    /// `tanh a`
    Tanh,
    /// `1 / (1 + e⁻ᵃ)`
    Sigmoid,
    /// The error function.
    Erf,
    /// `ln (1 + eᵃ)`
    Softplus,
    /// `max(a, 0)`; NaN stays NaN.
    Relu,
    /// 1 where `a` is 0.
    Not,
    /// 1 where `a` is NaN.
    IsNan,
    /// 1 where `a` is neither NaN nor infinite.
    IsFinite,
}

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

impl Unary {
    /// Every variant, for tests and tables.
    pub const ALL: [Unary; 25] = {
        use Unary::*;
        [
            Neg, Abs, Sign, Floor, Ceil, Round, Trunc, Square, Sqrt, Rsqrt, Recip, Exp, Expm1, Log, Log1p, Sin, Cos,
            Tanh, Sigmoid, Erf, Softplus, Relu, Not, IsNan, IsFinite,
        ]
    };

    /// Its name in profiles.
    pub fn name(self) -> &'static str {
        use Unary::*;
        match self {
            Neg => "negative",
            Abs => "abs",
            Sign => "sign",
            Floor => "floor",
            Ceil => "ceil",
            Round => "round",
            Trunc => "trunc",
            Square => "square",
            Sqrt => "sqrt",
            Rsqrt => "rsqrt",
            Recip => "reciprocal",
            Exp => "exp",
            Expm1 => "expm1",
            Log => "log",
            Log1p => "log1p",
            Sin => "sin",
            Cos => "cos",
            Tanh => "tanh",
            Sigmoid => "sigmoid",
            Erf => "erf",
            Softplus => "softplus",
            Relu => "relu",
            Not => "not",
            IsNan => "isNan",
            IsFinite => "isFinite",
        }
    }

    /// True where whole numbers lead out of whole numbers.
    pub(super) fn float_only(self) -> bool {
        use Unary::*;
        match self {
            Sqrt | Rsqrt | Recip | Exp | Expm1 | Log | Log1p | Sin | Cos | Tanh | Sigmoid | Erf | Softplus => true,
            Neg | Abs | Sign | Floor | Ceil | Round | Trunc | Square | Relu | Not | IsNan | IsFinite => false,
        }
    }

    /// Time per element against an addition.
    pub(super) fn cost(self) -> usize {
        use Unary::*;
        match self {
            Neg | Abs | Sign | Floor | Ceil | Round | Trunc | Square | Relu | Not | IsNan | IsFinite => 1,
            Sqrt | Rsqrt | Recip => 2,
            Exp | Expm1 | Log | Log1p | Sin | Cos | Tanh | Sigmoid | Erf | Softplus => 4,
        }
    }
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
