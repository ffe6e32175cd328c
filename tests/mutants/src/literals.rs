//! Numbers, truth values and constants that are a little off.

use quote::ToTokens;
use syn::{Expr, Lit, parse_quote};

use crate::mutator::Mutator;

/// Whether the expression is a constant, a variant or several of them, and names nothing bound.
pub fn is_plain(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(_) => true,
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase)),
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_plain),
        _ => false,
    }
}

/// The literal turned, or one more.
pub fn other(mutator: &mut Mutator, expression: &mut Expr, line: usize) {
    let Expr::Lit(literal) = &*expression else {
        return;
    };
    let text = literal.to_token_stream().to_string();
    let another: Expr = match &literal.lit {
        Lit::Bool(truth) => {
            let turned = !truth.value;
            parse_quote!(#turned)
        }
        Lit::Int(number) if number.suffix().is_empty() => {
            let Ok(value) = number.base10_parse::<u64>() else {
                return;
            };
            let more = proc_macro2::Literal::u64_unsuffixed(value + 1);
            parse_quote!(#more)
        }
        Lit::Float(number) => {
            let Ok(value) = number.base10_parse::<f64>() else {
                return;
            };
            let more = proc_macro2::Literal::f64_unsuffixed(value * 1.1 + 0.01);
            parse_quote!(#more)
        }
        _ => return,
    };
    let what = format!("{} for {text}", another.to_token_stream());
    if let Some(on) = mutator.mutant(line, &what) {
        *expression = parse_quote!((if #on { #another } else { #expression }));
    }
}

/// Each use of a number's constant, one more: the same mutant everywhere in the file.
pub fn constant(mutator: &mut Mutator, expression: &mut Expr, line: usize) {
    let name = expression.to_token_stream().to_string();
    let Some((of, _)) = mutator.constants.get(&name) else {
        return;
    };
    let more: Expr = match of.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" => parse_quote!(#expression + 1),
        "f64" | "f32" => parse_quote!(#expression * 1.1 + 0.01),
        _ => return,
    };
    let what = format!("{name} is larger");
    if let Some(on) = mutator.mutant(line, &what) {
        *expression = parse_quote!((if #on { #more } else { #expression }));
    }
}
