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
            Map<String, Object> attributes, String path, Map<String, List<String>> parameters, long expiresAtMillis) {}

    static FlashMaps wrapped(Object value) {
        var entries = new ArrayList<Entry>();
        for (Object each : (List<?>) value) {
            var map = (FlashMap) each;
            entries.add(new Entry(
                    new LinkedHashMap<>(map),
                    map.getTargetRequestPath(),
                    map.getTargetRequestParams(),
                    map.getExpirationTime()));
        }
        return new FlashMaps(entries);
    }

    static List<FlashMap> unwrapped(FlashMaps flash) {
        var maps = new CopyOnWriteArrayList<FlashMap>();
        for (Entry entry : flash.maps) {
            var map = new FlashMap();
            map.putAll(entry.attributes);
            map.setTargetRequestPath(entry.path);
            map.addTargetRequestParams(new LinkedMultiValueMap<>(entry.parameters));
            map.setExpirationTime(entry.expiresAtMillis);
            maps.add(map);
        }
        return maps;
    }
}
