package bank.statements;

import java.math.BigDecimal;
import java.security.Principal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.List;
import java.util.stream.IntStream;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Statements of a fictitious bank: everybody gets one a month. */
@RestController
class StatementsController {
    private static final int MONTHS = 6;

    record Statement(String month, String account, String opening, String closing, int entries) {}

    record AuditEntry(String day, String statement, String finding) {}

    @GetMapping("/statements/statements")
    List<Statement> statements(Principal principal) {
        YearMonth last = YearMonth.now().minusMonths(1);
        return IntStream.range(0, MONTHS)
                .mapToObj(age -> statement(principal.getName(), last.minusMonths(age)))
                .toList();
    }

    /** The policy asks for the role as well: a request that comes to this handler by another path meets it here. */
    @GetMapping("/statements/audit")
    @PreAuthorize("hasRole('auditor')")
    List<AuditEntry> audit() {
        LocalDate today = LocalDate.now();
        return List.of(
                new AuditEntry(today.minusDays(2).toString(), "S-1042", "rounded in the customer's favour"),
                new AuditEntry(today.minusDays(9).toString(), "S-0977", "nothing to object"),
                new AuditEntry(today.minusDays(30).toString(), "S-0911", "sent a day late"));
    }

    private static Statement statement(String principal, YearMonth month) {
        String account = String.format("%04d", Math.floorMod(principal.hashCode(), 10_000));
        return new Statement(
                month.toString(),
                "•••• " + account,
                balance(principal, month.minusMonths(1)),
                balance(principal, month),
                3 + Math.floorMod(month.hashCode() * 31 + principal.hashCode(), 40));
    }

    private static String balance(String principal, YearMonth month) {
        long cents = 20_000 + Math.floorMod(month.hashCode() * 7_919L + principal.hashCode(), 500_000L);
        return BigDecimal.valueOf(cents, 2).toPlainString();
    }
}
