//! Operators, and conditions that hold always or never.

use std::collections::VecDeque;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, parse_quote};

use crate::mutator::Mutator;

/// What this operator might have been by mistake.
pub fn others(operator: BinOp) -> Vec<BinOp> {
    match operator {
        BinOp::Lt(_) => vec![parse_quote!(<=), parse_quote!(>)],
        BinOp::Le(_) => vec![parse_quote!(<), parse_quote!(>)],
        BinOp::Gt(_) => vec![parse_quote!(>=), parse_quote!(<)],
        BinOp::Ge(_) => vec![parse_quote!(>), parse_quote!(<)],
        BinOp::Eq(_) => vec![parse_quote!(!=)],
        BinOp::Ne(_) => vec![parse_quote!(==)],
        BinOp::And(_) => vec![parse_quote!(||)],
        BinOp::Or(_) => vec![parse_quote!(&&)],
        BinOp::Add(_) => vec![parse_quote!(-)],
        BinOp::Sub(_) => vec![parse_quote!(+)],
        BinOp::Mul(_) => vec![parse_quote!(/)],
        BinOp::Div(_) => vec![parse_quote!(*)],
        BinOp::Rem(_) => vec![parse_quote!(/)],
        BinOp::Shl(_) => vec![parse_quote!(>>)],
        BinOp::Shr(_) => vec![parse_quote!(<<)],
        BinOp::BitAnd(_) => vec![parse_quote!(|)],
        BinOp::BitOr(_) => vec![parse_quote!(&)],
        BinOp::AddAssign(_) => vec![parse_quote!(-=)],
        BinOp::SubAssign(_) => vec![parse_quote!(+=)],
        _ => vec![],
    }
}

/// Whether this is, or ends in, a `let` of a condition.
pub fn binds(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

/// Where each part of the condition that binds nothing is, and what it says.
pub fn parts(condition: &Expr) -> VecDeque<(usize, String)> {
    match condition {
        Expr::Let(_) => VecDeque::new(),
        Expr::Binary(binary) if binds(&binary.left) || binds(&binary.right) => {
            let mut all = parts(&binary.left);
            all.extend(parts(&binary.right));
            all
        }
        whole => {
            let text = whole.to_token_stream().to_string();
            VecDeque::from([(whole.span().start().line, text)])
        }
    }
}

/// Each of these parts, once always and once never.
pub fn both_ways(
    mutator: &mut Mutator,
    condition: &mut Expr,
    parts: &mut VecDeque<(usize, String)>,
) {
    match condition {
        Expr::Let(_) => {}
        Expr::Binary(binary) if binds(&binary.left) || binds(&binary.right) => {
            both_ways(mutator, &mut binary.left, parts);
            both_ways(mutator, &mut binary.right, parts);
        }
        whole => {
            let Some((line, text)) = parts.pop_front() else {
                return;
            };
            if let Some(on) = mutator.mutant(line, &format!("always: {text}")) {
                *whole = parse_quote!((#on || (#whole)));
            }
            if let Some(on) = mutator.mutant(line, &format!("never: {text}")) {
                *whole = parse_quote!((!#on && (#whole)));
            }
        }
    }
}
