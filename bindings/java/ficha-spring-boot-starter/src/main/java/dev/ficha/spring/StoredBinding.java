package dev.ficha.spring;

import java.util.ArrayList;
import java.util.List;
import org.springframework.context.support.DefaultMessageSourceResolvable;
import org.springframework.validation.BeanPropertyBindingResult;
import org.springframework.validation.BindingResult;
import org.springframework.validation.FieldError;
import org.springframework.validation.ObjectError;

/**
 * What was wrong with a form, for the page that a redirect leads to: a BindingResult without what converts its fields. Error
 * arguments and rejected values that JSON does not have are kept as texts.
 *
 * @param target the form, as {@link AttributeMapper} writes the attribute of its name; null: there is none
 */
record StoredBinding(String binding, String target, List<Problem> problems) {
    static final String BEGINNING = "{\"binding\":";

    /** {@code field} null: of the whole form. */
    record Problem(
            String field,
            Object rejected,
            boolean unreadable,
            List<String> codes,
            List<Object> arguments,
            String message) {}

    /** {@code message} of a name in another error's arguments. */
    record Name(List<String> codes, String message) {}

    static StoredBinding of(BindingResult result, AttributeMapper mapper) {
        Object target = result.getTarget();
        String name = result.getObjectName();
        return new StoredBinding(
                name,
                target == null ? null : mapper.write(mapper.storedName(name), target),
                result.getAllErrors().stream().map(StoredBinding::problem).toList());
    }

    private static Problem problem(ObjectError error) {
        var arguments = new ArrayList<Object>();
        if (error.getArguments() != null) for (Object each : error.getArguments()) arguments.add(plain(each));
        List<String> codes = error.getCodes() == null ? List.of() : List.of(error.getCodes());
        if (!(error instanceof FieldError field)) {
            return new Problem(null, null, false, codes, arguments, error.getDefaultMessage());
        }
        return new Problem(
                field.getField(),
                plain(field.getRejectedValue()),
                field.isBindingFailure(),
                codes,
                arguments,
                field.getDefaultMessage());
    }

    private static Object plain(Object value) {
        if (value instanceof DefaultMessageSourceResolvable name) {
            return new Name(name.getCodes() == null ? List.of() : List.of(name.getCodes()), name.getDefaultMessage());
        }
        boolean plain = value == null
                || value instanceof String
                || value instanceof Boolean
                || value instanceof Integer
                || value instanceof Double;
        return plain ? value : value.toString();
    }

    BindingResult restored(AttributeMapper mapper) {
        Object form = target == null ? null : mapper.read(mapper.storedName(binding), target);
        var result = new BeanPropertyBindingResult(form, binding);
        for (Problem each : problems) {
            String[] codes = each.codes.toArray(String[]::new);
            Object[] arguments =
                    each.arguments.stream().map(StoredBinding::restored).toArray();
            result.addError(
                    each.field == null
                            ? new ObjectError(binding, codes, arguments, each.message)
                            : new FieldError(
                                    binding,
                                    each.field,
                                    each.rejected,
                                    each.unreadable,
                                    codes,
                                    arguments,
                                    each.message));
        }
        return result;
    }

    private static Object restored(Object argument) {
        if (!(argument instanceof java.util.Map<?, ?> name)) return argument;
        var codes = (List<?>) name.get("codes");
        return new DefaultMessageSourceResolvable(
                codes.stream().map(String::valueOf).toArray(String[]::new), null, (String) name.get("message"));
    }
}
