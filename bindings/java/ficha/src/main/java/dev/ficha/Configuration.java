package dev.ficha;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Where a client's configuration comes from, and its bytes. */
record Configuration(int source, byte[] bytes) {
    // As in facade.hpp.
    private static final int PATH = 0;
    private static final int TOML = 1;
    private static final int SETTINGS = 2;

    static Configuration path(String path) {
        return new Configuration(PATH, path.getBytes(StandardCharsets.UTF_8));
    }

    static Configuration toml(String text) {
        return new Configuration(TOML, text.getBytes(StandardCharsets.UTF_8));
    }

    // As requests.hpp says.
    static Configuration settings(Map<String, ?> settings) {
        byte[] packed = Operation.packed(packer -> {
            packer.putInt(settings.size());
            settings.forEach((name, value) -> {
                packer.put(name, "setting");
                if (value == null) packer.put(0);
                else if (value instanceof Boolean flag) packer.put(1).put(flag);
                else if (value instanceof Integer || value instanceof Long)
                    packer.put(2).putLong(((Number) value).longValue());
                else if (value instanceof String text) packer.put(3).put(text, name);
                else if (value instanceof List<?> texts)
                    packer.put(4).put(texts.stream().map(String::valueOf).toList(), name);
                else
                    throw new IllegalArgumentException(
                            name + ": " + value.getClass().getName() + " is no setting's type");
            });
        });
        return new Configuration(SETTINGS, packed);
    }
}
