//#if GROUPED
//#include group
//#end
//#include type
//#if VALUES
//#include values
//#if GROUPED
//#include values_of_group
//#end
//#end
