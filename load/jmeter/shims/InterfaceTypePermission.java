package com.thoughtworks.xstream.security;

/**
 * Stands before xstream's class of this name, one of those it always asks: what JMeter's plans are made of may be read
 * too.
 */
public class InterfaceTypePermission implements TypePermission {
    public static final TypePermission INTERFACES = new InterfaceTypePermission();

    @Override
    public boolean allows(Class type) {
        return type != null
                && (type.isInterface()
                        || type.getName().startsWith("org.apache.jmeter.")
                        || type.getName().startsWith("org.apache.jorphan."));
    }

    @Override
    public int hashCode() {
        return 31;
    }

    @Override
    public boolean equals(Object other) {
        return other != null && other.getClass() == InterfaceTypePermission.class;
    }
}
