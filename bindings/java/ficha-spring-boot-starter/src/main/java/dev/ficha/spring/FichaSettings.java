package dev.ficha.spring;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Properties as settings of FichaClient: under the names of ficha.toml, which are theirs in snake_case. */
final class FichaSettings {
    private final Map<String, Object> settings = new LinkedHashMap<>();

    private FichaSettings() {}

    /** What is given, and nothing else. */
    static Map<String, Object> of(FichaProperties properties) {
        var all = new FichaSettings();
        all.table("redis", properties.redis());
        all.table("near_cache", properties.nearCache());
        all.table("session", properties.session());
        all.table("cookie", properties.cookie());
        all.table("csrf", properties.csrf());
        all.table("cors", properties.cors());
        all.table("trust", properties.trust());
        List<FichaProperties.Rule> rules = properties.rules();
        for (int i = 0; i < rules.size(); i++) all.table("rule[" + i + "]", rules.get(i));
        return all.settings;
    }

    /**
     * The same; where there is no idle timeout, {@code timeout} (null: none either).
     */
    static Map<String, Object> completed(FichaProperties properties, Duration timeout) {
        Map<String, Object> settings = of(properties);
        if (timeout != null) settings.putIfAbsent("session.idle_timeout", setting(timeout));
        return settings;
    }

    private void table(String name, Record table) {
        for (RecordComponent component : table.getClass().getRecordComponents()) {
            Object value = valueOf(component, table);
            if (value != null) settings.put(name + "." + snakeCase(component.getName()), setting(value));
        }
    }

    private static Object valueOf(RecordComponent component, Record table) {
        try {
            return component.getAccessor().invoke(table);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object setting(Object value) {
        if (value instanceof Enum<?> choice) return choice.toString().toLowerCase(Locale.ROOT);
        if (!(value instanceof Duration duration)) return value;
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    private static String snakeCase(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
