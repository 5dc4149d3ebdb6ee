//! Writes `ops.ts`, the table of ops as TypeScript, into the folder named; with `--check` it only compares.

use ferrograd_graph::op::{Attribute, AttributeKind, Declaration, Inputs};
use ferrograd_graph::ops::TABLE;
use std::path::Path;
use std::process::ExitCode;

const HEAD: &str = "/**
 * The ops as Rust declares them: each draws one node. Written by `npm run generate` from `crates/graph/src/ops`.
 *
 * What users call is made of these in `ops.ts`, where numbers become tensors and axes are resolved.
 */

import { dtypeCode } from '../core/dtype.js'
import { apply, applyAll, applyList, type Tensor } from '../core/tensor.js'
import type { DType } from '../types.js'
";

/// The longest line that is not broken.
const WIDTH: usize = 120;

fn main() -> ExitCode {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [folder] = folders.as_slice() else { return fail("usage: generate FOLDER [--check]") };
    let file = Path::new(folder).join("ops.ts");
    if flags.iter().any(|flag| flag == "--check") {
        let current = std::fs::read_to_string(&file).is_ok_and(|text| text == module());
        return if current { ExitCode::SUCCESS } else { fail(&format!("{} is out of date", file.display())) };
    }
    match std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, module())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{}: {error}", file.display())),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn module() -> String {
    let mut out = HEAD.to_string();
    for (code, declaration) in TABLE.iter().enumerate() {
        out.push('\n');
        out.push_str(&function(code, declaration));
    }
    out
}

/// One op: its doc and the function that draws it.
fn function(code: usize, declaration: &Declaration) -> String {
    let (name, result) = (declaration.name, result(declaration.outputs));
    let encoded: Vec<String> = declaration.attributes.iter().map(encoding).collect();
    let attributes = format!("[{}]", encoded.join(", "));
    let (draw, arguments, cast) = match declaration.inputs {
        Inputs::Named(names) if (1..=3).contains(&names.len()) && declaration.outputs == 1 => {
            let attributes = if encoded.is_empty() { "undefined".to_owned() } else { attributes };
            let names = names.iter().map(|&name| name.to_owned());
            ("apply", [code.to_string(), attributes].into_iter().chain(names).collect(), String::new())
        }
        inputs => {
            let (draw, cast) = if declaration.outputs == 1 {
                ("applyList", String::new())
            } else {
                ("applyAll", format!(" as {result}"))
            };
            (draw, vec![code.to_string(), tensors(inputs), attributes], cast)
        }
    };
    let signature = list(&format!("export function {name}"), &parameters(declaration), &format!(": {result} {{"), "");
    let call = list(&format!("  return {draw}"), &arguments, &cast, "  ");
    format!("{}{signature}\n{call}\n}}\n", doc(declaration))
}

/// `before(items)after`, an item a line where one line would be too long.
fn list(before: &str, items: &[String], after: &str, indent: &str) -> String {
    let line = format!("{before}({}){after}", items.join(", "));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let items: String = items.iter().map(|item| format!("{indent}  {item},\n")).collect();
    format!("{before}(\n{items}{indent}){after}")
}

fn doc(declaration: &Declaration) -> String {
    let Declaration { doc, attributes, .. } = declaration;
    if attributes.is_empty() {
        return format!("/** {doc} */\n");
    }
    let lines = attributes.iter().map(|attribute| format!(" * - `{}`: {}\n", attribute.name, attribute.doc));
    format!("/**\n * {doc}\n *\n{} */\n", lines.collect::<String>())
}

fn result(outputs: usize) -> String {
    if outputs == 1 { "Tensor".into() } else { format!("[{}]", vec!["Tensor"; outputs].join(", ")) }
}

fn parameters(declaration: &Declaration) -> Vec<String> {
    let mut parameters: Vec<String> = match declaration.inputs {
        Inputs::Named(names) => names.iter().map(|name| format!("{name}: Tensor")).collect(),
        Inputs::List => vec!["tensors: readonly Tensor[]".into()],
    };
    if !declaration.attributes.is_empty() {
        let fields = declaration.attributes.iter().map(|attribute| format!("{}: {}", attribute.name, kind(attribute)));
        parameters.push(format!("attributes: {{ {} }}", fields.collect::<Vec<_>>().join("; ")));
    }
    parameters
}

fn tensors(inputs: Inputs) -> String {
    match inputs {
        Inputs::Named(names) => format!("[{}]", names.join(", ")),
        Inputs::List => "tensors".into(),
    }
}

fn kind(attribute: &Attribute) -> &'static str {
    match attribute.kind {
        AttributeKind::Float | AttributeKind::Int => "number",
        AttributeKind::Bool => "boolean",
        AttributeKind::Ints | AttributeKind::Floats => "readonly number[]",
        AttributeKind::DType => "DType",
    }
}

/// The attribute's numbers, as `Reader` takes them.
fn encoding(attribute: &Attribute) -> String {
    let value = format!("attributes.{}", attribute.name);
    match attribute.kind {
        AttributeKind::Float | AttributeKind::Int => value,
        AttributeKind::Bool => format!("Number({value})"),
        AttributeKind::Ints | AttributeKind::Floats => format!("{value}.length, ...{value}"),
        AttributeKind::DType => format!("dtypeCode({value})"),
    }
}
