package dev.ficha.spring;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;

/**
 * The names that properties of Ficha have. One that is misspelt would leave its setting at the default: a rule without its
 * role, a cookie under another name.
 */
final class FichaPropertyNames {
    private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("ficha");
    private static final Node ROOT = Node.of("ficha", FichaProperties.class);

    /** What may follow a name: the fields of a table, or elements of a list, or anything at all. */
    private record Node(String name, Map<String, Node> fields, Node elements, boolean open) {
        private static Node value(String name) {
            return new Node(name, Map.of(), null, false);
        }

        static Node of(String name, Type type) {
            if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
                return new Node(name, Map.of(), of(name, list.getActualTypeArguments()[0]), false);
            }
            if (type instanceof ParameterizedType) return new Node(name, Map.of(), null, true); // a map
            if (!(type instanceof Class<?> table && table.isRecord())) return value(name);
            var fields = new LinkedHashMap<String, Node>();
            for (RecordComponent component : table.getRecordComponents()) {
                String field = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
                fields.put(uniform(field), of(field, component.getGenericType()));
            }
            return new Node(name, fields, null, false);
        }
    }

    private FichaPropertyNames() {}

    /** Errors: IllegalStateException for properties that there are not, naming the nearest that there is. */
    static void check(Environment environment) {
        var unknown = new ArrayList<String>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource names) collect(names, unknown);
        }
        if (!unknown.isEmpty()) throw new IllegalStateException(String.join("; ", unknown));
    }

    private static void collect(IterableConfigurationPropertySource source, List<String> unknown) {
        // Tools share the prefix FICHA_ of environment variables, whose names do not tell where a word ends either.
        boolean variables = source.getUnderlyingSource() instanceof org.springframework.core.env.PropertySource<?> named
                && named.getName().endsWith(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        for (ConfigurationPropertyName name : source) {
            if (!PREFIX.isAncestorOf(name)) continue;
            if (variables ? !misspelt(name) : known(name)) continue;
            var property = source.getConfigurationProperty(name);
            String where = property == null || property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
            unknown.add("unknown property \"" + name + "\"" + where + ": did you mean \"" + nearest(name) + "\"?");
        }
    }

    private static boolean known(ConfigurationPropertyName name) {
        Node node = ROOT;
        for (int i = PREFIX.getNumberOfElements(); i < name.getNumberOfElements(); i++) {
            if (node.open) return true;
            node = name.isNumericIndex(i) ? node.elements : node.fields.get(name.getElement(i, Form.UNIFORM));
            if (node == null) return false;
        }
        return true;
    }

    // --- environment variables -------------------------------------------------------------------------------------

    // FICHA_COOKIE_NMAE is meant for the table "cookie", FICHA_HOME may be anybody's.
    private static boolean misspelt(ConfigurationPropertyName name) {
        String words = uniform(name);
        boolean ofTable = ROOT.fields.entrySet().stream()
                .anyMatch(field -> words.startsWith(field.getKey())
                        && !(field.getValue().fields.isEmpty() && field.getValue().elements == null));
        return ofTable && !matches(ROOT, words);
    }

    private static boolean matches(Node node, String words) {
        if (words.isEmpty() || node.open) return true;
        String afterIndex = words.replaceFirst("^[0-9]+", "");
        if (node.elements != null && !afterIndex.equals(words)) return matches(node.elements, afterIndex);
        return node.fields.entrySet().stream()
                .anyMatch(field -> words.startsWith(field.getKey())
                        && matches(
                                field.getValue(), words.substring(field.getKey().length())));
    }

    private static String uniform(ConfigurationPropertyName name) {
        return uniform(name.toString().substring(PREFIX.toString().length()));
    }

    private static String uniform(String word) {
        return word.replaceAll("[^a-zA-Z0-9]", "").toLowerCase(Locale.ROOT);
    }

    // --- suggestions -----------------------------------------------------------------------------------------------

    private static String nearest(ConfigurationPropertyName name) {
        var text = new StringBuilder("ficha");
        Node node = ROOT;
        for (int i = PREFIX.getNumberOfElements(); i < name.getNumberOfElements(); i++) {
            if (name.isNumericIndex(i) && node.elements != null) {
                text.append('[').append(name.getElement(i, Form.ORIGINAL)).append(']');
                node = node.elements;
                continue;
            }
            if (node.fields.isEmpty()) break;
            String wanted = name.getElement(i, Form.UNIFORM);
            String field = node.fields.keySet().stream()
                    .min(Comparator.comparingInt(each -> distance(each, wanted)))
                    .orElseThrow();
            node = node.fields.get(field);
            text.append('.').append(node.name);
        }
        return text.toString();
    }

    // Levenshtein's.
    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) row[j] = j;
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(diagonal, row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
