package dev.ficha.spring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.servlet.FlashMap;

/** The attributes that a redirect carries to the next request (Spring MVC's RedirectAttributes), as JSON. */
record FlashMaps(List<Entry> maps) {
    /** The attribute of Spring MVC's SessionFlashMapManager. */
    static final String ATTRIBUTE = "org.springframework.web.servlet.support.SessionFlashMapManager.FLASH_MAPS";

    record Entry(
            Map<String, Text> attributes, String path, Map<String, List<String>> parameters, long expiresAtMillis) {}

    /** One attribute; {@code ofSpring}: of Spring's own classes. */
    record Text(boolean ofSpring, String json) {}

    interface Write {
        Text text(String name, Object value);
    }

    interface Read {
        Object value(String name, Text text);
    }

    static FlashMaps wrapped(Object value, Write write) {
        var entries = new ArrayList<Entry>();
        for (Object each : (List<?>) value) {
            var map = (FlashMap) each;
            var attributes = new LinkedHashMap<String, Text>();
            map.forEach((name, attribute) -> {
                if (attribute != null) attributes.put(name, write.text(name, attribute));
            });
            entries.add(new Entry(
                    attributes, map.getTargetRequestPath(), map.getTargetRequestParams(), map.getExpirationTime()));
        }
        return new FlashMaps(entries);
    }

    static List<FlashMap> unwrapped(FlashMaps flash, Read read) {
        var maps = new CopyOnWriteArrayList<FlashMap>();
        for (Entry entry : flash.maps) {
            var map = new FlashMap();
            entry.attributes.forEach((name, text) -> map.put(name, read.value(name, text)));
            map.setTargetRequestPath(entry.path);
            map.addTargetRequestParams(new LinkedMultiValueMap<>(entry.parameters));
            map.setExpirationTime(entry.expiresAtMillis);
            maps.add(map);
        }
        return maps;
    }
}
