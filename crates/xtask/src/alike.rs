//! Puts functions of a module that look alike beside each other.
//!
//! Deflate looks back 32 KiB, and finds most in what was there just before; the orders of the
//! linker and of wasm-opt, which puts what is called often first, are blind to that.

use std::convert::Infallible;

use anyhow::Result;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Parser, Payload, TypeRef};

/// The same module with its functions in another order.
pub(crate) fn together(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut imported = 0;
    let mut bodies = Vec::new();
    for part in Parser::new(0).parse_all(wasm) {
        match part? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(shape(&wasm[body.range()])),
            _ => {}
        }
    }
    let mut module = Module::new();
    let mut order = Order::new(imported, chain(&bodies));
    order.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// Each run of four bytes that a function has, once, in order.
fn shape(body: &[u8]) -> Vec<[u8; 4]> {
    let mut runs: Vec<_> = body.array_windows().copied().collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// From the first one, always the one that brings least that is new after the last.
fn chain(shapes: &[Vec<[u8; 4]>]) -> Vec<usize> {
    let mut left: Vec<usize> = (1..shapes.len()).rev().collect();
    let mut order = vec![0];
    while let Some(next) = (0..left.len()).max_by(|a, b| {
        let last = &shapes[order[order.len() - 1]];
        let [a, b] = [a, b].map(|at| known(last, &shapes[left[*at]]));
        a.total_cmp(&b)
    }) {
        order.push(left.remove(next));
    }
    order
}

/// How much of the next one the last one has too, as a part of it.
fn known(last: &[[u8; 4]], next: &[[u8; 4]]) -> f64 {
    let common = next.iter().filter(|run| last.binary_search(run).is_ok()).count();
    common as f64 / (next.len() + 1) as f64
}

/// Writes a module anew, with its own functions in this order.
struct Order {
    imported: u32,
    order: Vec<usize>,
    /// Where each one comes to stand.
    places: Vec<u32>,
}

impl Order {
    fn new(imported: u32, order: Vec<usize>) -> Self {
        let mut places = vec![0; order.len()];
        for (place, from) in (imported..).zip(&order) {
            places[*from] = place;
        }
        Self { imported, order, places }
    }
}

impl Reencode for Order {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        let own = function.checked_sub(self.imported);
        Ok(own.map_or(function, |own| self.places[own as usize]))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for from in &self.order {
            functions.function(types[*from]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for at in 0..self.order.len() {
            self.parse_function_body(code, bodies[self.order[at]].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        EntityType, ExportKind, ExportSection, Function, ImportSection, TypeSection, ValType,
    };

    use super::*;

    /// Each function answers a number, the last by calling the first; one is imported.
    fn module(numbers: &[i64]) -> Vec<u8> {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], [ValType::I64]);
        imports.import("host", "seed", EntityType::Function(0));
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for number in numbers {
            functions.function(0);
            let mut function = Function::new([]);
            function.instructions().i64_const(*number).end();
            code.function(&function);
        }
        functions.function(0);
        let mut last = Function::new([]);
        last.instructions().call(1).end();
        code.function(&last);
        let mut exports = ExportSection::new();
        exports.export("ask", ExportKind::Func, numbers.len() as u32 + 1);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&exports).section(&code);
        module.finish()
    }

    fn bodies(wasm: &[u8]) -> Vec<&[u8]> {
        let parts = Parser::new(0).parse_all(wasm).map(|part| part.unwrap());
        parts
            .filter_map(|part| match part {
                Payload::CodeSectionEntry(body) => Some(&wasm[body.range()]),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn what_is_alike_stands_together_and_calls_what_it_called() {
        let (long, other) = (0x1234_5678_9abc, -0x7654_3210_fedc);
        let before = module(&[long, other, long + (1 << 40), other - (1 << 40)]);
        let after = together(&before).unwrap();
        let was = bodies(&before);
        let is = bodies(&after);
        assert_eq!(is.len(), was.len());
        let place = |body: &[u8]| is.iter().position(|it| *it == body).unwrap();
        assert_eq!(place(was[0]).abs_diff(place(was[2])), 1, "{is:?}");
        assert_eq!(place(was[1]).abs_diff(place(was[3])), 1, "{is:?}");
        // The first one has stayed where it was, so the call of it is the same.
        assert_eq!(place(was[0]), 0);
        let exported = Parser::new(0).parse_all(&after).find_map(|part| match part.unwrap() {
            Payload::ExportSection(exports) => Some(exports.into_iter().next()?.unwrap().index),
            _ => None,
        });
        assert_eq!(exported, Some(1 + place(was[4]) as u32));
    }
}
