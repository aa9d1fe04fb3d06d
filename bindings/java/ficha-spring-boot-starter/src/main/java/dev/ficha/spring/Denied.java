package dev.ficha.spring;

import dev.ficha.Decision;
import jakarta.servlet.ServletException;

/** Ends the handler that included what the request may not have: from within, the response's status cannot be set. */
final class Denied extends ServletException {
    private static final long serialVersionUID = 1;

    private final transient Decision decision;

    Denied(Decision decision) {
        super("an include is denied: " + decision.verdict());
        this.decision = decision;
    }

    Decision decision() {
        return decision;
    }
}
