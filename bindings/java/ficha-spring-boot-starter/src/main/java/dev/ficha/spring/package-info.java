/**
 * Ficha for Spring Boot: HttpSession, Spring Security and the policy, on sessions shared with services in other languages.
 *
 * <p>The way of a request: {@link dev.ficha.spring.FichaFilter} decides, and keeps what it learnt as
 * {@link dev.ficha.spring.RequestState}; Spring Session's filter asks {@link dev.ficha.spring.FichaSessionIdResolver} and
 * {@link dev.ficha.spring.FichaSessionRepository}, which answer from there; HttpSession is then a view of
 * {@link dev.ficha.spring.FichaSession}, which Spring Security reads and writes as the attribute it uses with any session.
 */
package dev.ficha.spring;
