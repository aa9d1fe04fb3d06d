package dev.ficha;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON texts and native values. Small on purpose: it spares every service a JSON library of a certain version, and those
 * that have one use the forms of the API that take and give text. Integers of any size survive.
 */
final class Json {
    private static final int MAX_DEPTH = 64; // the core's

    private Json() {}

    /** Errors: InvalidArgument naming the attribute, never its value. */
    static String write(String name, Object value) {
        var text = new StringBuilder();
        write(text, name, value, 0);
        return text.toString();
    }

    private static void write(StringBuilder text, String name, Object value, int depth) {
        if (depth > MAX_DEPTH) throw invalid(name, "nested too deeply, or contains itself");
        if (value == null
                || value instanceof Boolean
                || value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger) {
            text.append(value);
        } else if (value instanceof CharSequence || value instanceof Character) {
            writeString(text, value.toString());
        } else if (value instanceof Double || value instanceof Float) {
            if (!Double.isFinite(((Number) value).doubleValue())) throw invalid(name, "NaN and infinity are not JSON");
            text.append(value);
        } else if (value instanceof BigDecimal) {
            text.append(value);
        } else if (value instanceof Map<?, ?> map) {
            writeObject(text, name, map, depth);
        } else if (value instanceof Iterable<?> elements) {
            writeArray(text, name, elements, depth);
        } else if (value.getClass().isArray()) {
            var elements = new ArrayList<Object>();
            for (int i = 0; i < Array.getLength(value); i++) elements.add(Array.get(value, i));
            writeArray(text, name, elements, depth);
        } else {
            throw invalid(name, value.getClass().getName() + " has no JSON form; give its text");
        }
    }

    private static void writeObject(StringBuilder text, String name, Map<?, ?> map, int depth) {
        char separator = '{';
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String key)) throw invalid(name, "the keys of a map must be String");
            text.append(separator);
            writeString(text, key);
            text.append(':');
            write(text, name, entry.getValue(), depth + 1);
            separator = ',';
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private static void writeArray(StringBuilder text, String name, Iterable<?> elements, int depth) {
        char separator = '[';
        for (Object element : elements) {
            text.append(separator);
            write(text, name, element, depth + 1);
            separator = ',';
        }
        text.append(separator == '[' ? "[]" : "]");
    }

    private static void writeString(StringBuilder text, String string) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20) {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    /** Errors: InvalidArgument naming the attribute, never its value. */
    static Object read(String name, String json) {
        var parser = new Parser(name, json);
        Object value = parser.value(0);
        parser.blanks();
        if (parser.at != json.length()) throw parser.malformed();
        return value;
    }

    private static FichaException invalid(String name, String why) {
        return new FichaException.InvalidArgument("attribute \"" + name + "\": " + why);
    }

    private static final class Parser {
        private final String name;
        private final String text;
        private int at;

        Parser(String name, String text) {
            this.name = name;
            this.text = text;
        }

        FichaException malformed() {
            return invalid(name, "not a JSON text, at character " + at);
        }

        void blanks() {
            while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) at++;
        }

        private char peek() {
            if (at >= text.length()) throw malformed();
            return text.charAt(at);
        }

        private boolean skip(char c) {
            blanks();
            if (peek() != c) return false;
            at++;
            return true;
        }

        private void expect(char c) {
            if (!skip(c)) throw malformed();
        }

        Object value(int depth) {
            if (depth > MAX_DEPTH) throw invalid(name, "nested too deeply");
            blanks();
            return switch (peek()) {
                case '{' -> object(depth);
                case '[' -> array(depth);
                case '"' -> string();
                case 't' -> word("true", true);
                case 'f' -> word("false", false);
                case 'n' -> word("null", null);
                default -> number();
            };
        }

        private Object word(String word, Object value) {
            if (!text.startsWith(word, at)) throw malformed();
            at += word.length();
            return value;
        }

        private Map<String, Object> object(int depth) {
            var object = new LinkedHashMap<String, Object>();
            expect('{');
            if (skip('}')) return object;
            do {
                blanks();
                String key = string();
                expect(':');
                object.put(key, value(depth + 1));
            } while (skip(','));
            expect('}');
            return object;
        }

        private List<Object> array(int depth) {
            var array = new ArrayList<Object>();
            expect('[');
            if (skip(']')) return array;
            do {
                array.add(value(depth + 1));
            } while (skip(','));
            expect(']');
            return array;
        }

        private String string() {
            if (peek() != '"') throw malformed();
            at++;
            var string = new StringBuilder();
            while (true) {
                char c = peek();
                at++;
                if (c == '"') return string.toString();
                if (c < 0x20) throw malformed();
                string.append(c == '\\' ? escape() : c);
            }
        }

        private char escape() {
            char c = peek();
            at++;
            return switch (c) {
                case '"', '\\', '/' -> c;
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'u' -> hex();
                default -> throw malformed();
            };
        }

        private char hex() {
            int value = 0;
            for (int i = 0; i < 4; i++) {
                int digit = Character.digit(peek(), 16);
                if (digit < 0 || peek() > 'f') throw malformed();
                value = 16 * value + digit;
                at++;
            }
            return (char) value;
        }

        private Object number() {
            int first = at;
            boolean integer = true;
            while (at < text.length() && "+-0123456789.eE".indexOf(text.charAt(at)) >= 0) {
                integer = integer && ".eE".indexOf(text.charAt(at)) < 0;
                at++;
            }
            String digits = text.substring(first, at);
            try {
                if (!integer) return Double.valueOf(digits);
                return digits.length() < 19 ? (Object) Long.valueOf(digits) : narrow(new BigInteger(digits));
            } catch (NumberFormatException e) {
                at = first;
                throw malformed();
            }
        }

        private static Object narrow(BigInteger value) {
            return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
        }
    }
}
