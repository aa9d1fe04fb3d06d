package dev.ficha.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.UUID;
import kotlin.collections.CollectionsKt;
import kotlin.collections.MapsKt;
import org.junit.jupiter.api.Test;

class JacksonAttributeMapperTest {
    private final JacksonAttributeMapper mapper = new JacksonAttributeMapper(Map.of(
            "items",
            "java.util.List<dev.ficha.spring.Shop$Cart>",
            "at",
            "java.time.Instant",
            "long",
            "java.lang.Long"));

    private Object again(String name, Object value) {
        return mapper.read(name, mapper.write(name, value));
    }

    @Test
    void jsonsOwnValuesAreReadAsTheyWereWritten() {
        for (Object value : Arrays.asList(
                "text é \uD83D\uDE00",
                true,
                7,
                12345678901L,
                new BigInteger("123456789012345678901234567890"),
                1.5,
                List.of(),
                Map.of(),
                Arrays.asList(1, null, Map.of("a", List.of("b"))))) {
            assertThat(again("x", value)).isEqualTo(value);
        }
    }

    @Test
    void configuredTypesAreReadAsThoseTypes() {
        var carts = List.of(new Shop.Cart("alice", List.of("pen")));
        assertThat(mapper.write("items", carts)).isEqualTo("[{\"owner\":\"alice\",\"items\":[\"pen\"]}]");
        assertThat(again("items", carts)).isEqualTo(carts);
        Instant now = Instant.parse("2026-11-22T10:00:00.123Z");
        assertThat(again("at", now)).isEqualTo(now);
        assertThat(again("long", 1L)).isEqualTo(1L);
    }

    @Test
    void whatWouldBeReadAsSomethingElseIsRefused() {
        for (Object value : List.of(
                Set.of("a"),
                Instant.EPOCH,
                new Shop.Cart("a", List.of()),
                List.of(Instant.EPOCH),
                Map.of(1, "a"),
                new String[] {"a"},
                Thread.State.NEW)) {
            assertThatThrownBy(() -> mapper.write("x", value))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"x\"");
        }
    }

    @Test
    void aTextThatBeginsLikeAnObjectOfSpringsIsAMap() {
        var text = Map.of("@class", "org.springframework.security.core.authority.SimpleGrantedAuthority", "role", "x");
        assertThat(again("x", text)).isEqualTo(text);
        assertThat(mapper.read("x", "{\"@class\":\"java.lang.Thread\"}")).isInstanceOf(Map.class);
    }

    @Test
    void longNamesAreAbbreviatedToWhatTheStoreTakes() {
        String name = "org.springframework.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN";
        assertThat(mapper.storedName(name))
                .isEqualTo("o.s.security.web.csrf.HttpSessionCsrfTokenRepository.CSRF_TOKEN");
        assertThat(mapper.storedName("cart")).isEqualTo("cart");
        assertThat(mapper.storedName("é".repeat(40)).getBytes(StandardCharsets.UTF_8).length)
                .isLessThanOrEqualTo(64);
    }

    /** Of an application. */
    record Item(String name, BigDecimal price) {}

    @Test
    void anErrorNamesTheClassAndThePropertyThatHelps() {
        Map<Object, String> wanted = new LinkedHashMap<>();
        wanted.put(Thread.State.NEW, "java.lang.Thread$State");
        wanted.put(UUID.randomUUID(), "java.util.UUID");
        wanted.put(Instant.EPOCH, "java.time.Instant");
        wanted.put(new BigDecimal("1.10"), "java.math.BigDecimal");
        wanted.put(1.5f, "java.lang.Float");
        wanted.put(new String[] {"a"}, "java.lang.String[]");
        wanted.put(new int[] {1}, "int[]");
        wanted.put(new Item("a", BigDecimal.ONE), Item.class.getName());
        wanted.put(List.of(new Item("a", BigDecimal.ONE)), "java.util.List<" + Item.class.getName() + ">");
        wanted.put(Map.of("a", UUID.randomUUID()), "java.util.Map<java.lang.String,java.util.UUID>");
        wanted.put(Set.of("a"), "java.util.Set<java.lang.String>");
        wanted.forEach((value, type) -> {
            assertThatThrownBy(() -> mapper.write("x", value))
                    .hasMessageContaining("ficha.attributes.types.x=" + type + ", or");
            var typed = new JacksonAttributeMapper(Map.of("x", type));
            Object read = typed.read("x", typed.write("x", value));
            assertThat(read).as(type).isEqualTo(value);
        });
        assertThatThrownBy(() -> mapper.write("my cart", UUID.randomUUID()))
                .hasMessageContaining("ficha.attributes.types[my cart]=java.util.UUID");
    }

    @Test
    void decimalNumbersAreExact() {
        var typed = new JacksonAttributeMapper(Map.of("price", "java.math.BigDecimal"));
        for (String price : List.of("1.10", "0.1000000000000000055511151231257827", "12345678901234567890.123456789")) {
            assertThat(typed.read("price", typed.write("price", new BigDecimal(price))))
                    .isEqualTo(new BigDecimal(price));
        }
    }

    @Test
    void kotlinsCollectionsArePlain() {
        for (Object value : List.of(
                CollectionsKt.emptyList(),
                CollectionsKt.listOf("a", "b"),
                MapsKt.emptyMap(),
                CollectionsKt.listOf("a"))) {
            assertThat(again("x", value)).isEqualTo(value);
        }
    }

    @Test
    void whatSpringsLocaleResolverKeepsIsReadAsWhatItWas() {
        String prefix = "org.springframework.web.servlet.i18n.SessionLocaleResolver.";
        for (String tag : List.of("de", "de-CH", "zh-Hant-TW", "ca-ES-valencia")) {
            String name = mapper.storedName(prefix + "LOCALE");
            assertThat(again(name, Locale.forLanguageTag(tag))).isEqualTo(Locale.forLanguageTag(tag));
        }
        TimeZone zone = TimeZone.getTimeZone("Europe/Zurich");
        assertThat(again(mapper.storedName(prefix + "TIME_ZONE"), zone)).isEqualTo(zone);
    }
}
